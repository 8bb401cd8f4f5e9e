// A GPU that computes wrongly: WebGPU, wrapped before any script of a page or of a worker runs. `globalThis.GPU_FAULT` says how; with
// none it only looks on. `globalThis.gpuWatch` has the programs with their dispatches, and with `logits: true` the logits of each step.
(() => {
  /** @type {any} */
  const fault = globalThis.GPU_FAULT ?? {};
  /** In the order in which they were made. @type {{code: string, dispatches: number, most: number[]}[]} */
  const programs = [];
  const [programOf, textureOf, entriesOf, encoderOf] = [new WeakMap(), new WeakMap(), new WeakMap(), new WeakMap()];
  /** @type {Promise<number[]>[]} */
  const logits = [];
  let changed = 0;

  /** A store of a result: `textureStore(NAME, PLACE, vec4<f32>(VALUE));` */
  const STORE = /textureStore\((\w+), (.*), vec4<f32>\((\w+)\)\);/g;
  /** What a wrong number is in place of v, in WGSL. @type {Record<string, (amount: number) => string>} */
  const NUMBERS = {
    fewer_bits: (bits) => `bitcast<vec4<f32>>(bitcast<vec4<u32>>(v) & vec4<u32>(${(0xffffffff << (23 - bits)) >>> 0}u))`,
    too_large: (limit) => `clamp(v, vec4<f32>(-${limit}.0), vec4<f32>(${limit}.0))`,
    too_small: (limit) => `select(vec4<f32>(0.0), v, abs(v) >= vec4<f32>(${limit.toFixed(6)}))`,
    noise: (share) => `v * (vec4<f32>(1.0) + ${share.toFixed(6)} * (fract(v * 997.0) * 2.0 - vec4<f32>(1.0)))`,
    no_lane: (lane) => `vec4<f32>(${[0, 1, 2, 3].map((each) => (each === lane ? "0.0" : `v.${"xyzw"[each]}`)).join(", ")})`,
  };

  /** @param {string} code @param {number} index */
  function seeded(code, index) {
    let wrong = code;
    if (fault.kind === "window" && fault.programs === undefined) wrong = code.replace("token_index > X - U.i0.w", `token_index > X - U.i0.w + (${fault.amount})`);
    if (fault.kind === "causal") wrong = code.replace("token_index <= X )", `token_index <= X + (${fault.amount}) )`);
    if (fault.program === index && NUMBERS[fault.kind]) {
      const number = `fn seeded(v : vec4<f32>) -> vec4<f32> { return ${NUMBERS[fault.kind](fault.amount)}; }\n`;
      const stores = code.replace(STORE, "textureStore($1, $2, vec4<f32>(seeded(vec4<f32>($3))));");
      if (stores !== code) wrong = stores.replace("@compute", `${number}@compute`);
    }
    if (wrong !== code) changed += 1;
    return wrong;
  }

  /** @param {any} prototype @param {string} name @param {(original: any) => any} wrap */
  function wrapped(prototype, name, wrap) {
    prototype[name] = wrap(prototype[name]);
  }

  const device = GPUDevice.prototype;
  wrapped(device, "createShaderModule", (original) => function (/** @type {any} */ descriptor) {
    const { code } = descriptor;
    const made = original.call(this, { ...descriptor, code: seeded(code, programs.length) });
    programOf.set(made, programs.length);
    programs.push({ code, dispatches: 0, most: [0, 0, 0] });
    return made;
  });
  for (const name of ["createComputePipeline", "createComputePipelineAsync"]) {
    wrapped(device, name, (original) => function (/** @type {any} */ descriptor) {
      const known = (/** @type {any} */ made) => (programOf.set(made, programOf.get(descriptor.compute.module)), made);
      const made = original.call(this, descriptor);
      return made instanceof Promise ? made.then(known) : known(made);
    });
  }
  wrapped(device, "createTexture", (original) => function (/** @type {any} */ descriptor) {
    return original.call(this, fault.logits ? { ...descriptor, usage: descriptor.usage | GPUTextureUsage.COPY_SRC } : descriptor);
  });
  wrapped(GPUTexture.prototype, "createView", (original) => function (/** @type {any[]} */ ...rest) {
    const view = original.apply(this, rest);
    textureOf.set(view, this);
    return view;
  });
  wrapped(device, "createBindGroup", (original) => function (/** @type {any} */ descriptor) {
    const made = original.call(this, descriptor);
    entriesOf.set(made, descriptor.entries);
    return made;
  });
  wrapped(GPUCommandEncoder.prototype, "beginComputePass", (original) => function (/** @type {any[]} */ ...rest) {
    const pass = original.apply(this, rest);
    encoderOf.set(pass, { encoder: this, logits: null });
    return pass;
  });

  const pass = GPUComputePassEncoder.prototype;
  wrapped(pass, "setPipeline", (original) => function (/** @type {any} */ pipeline) {
    this.program = programOf.get(pipeline);
    return original.call(this, pipeline);
  });
  wrapped(pass, "setBindGroup", (original) => function (/** @type {any} */ index, /** @type {any} */ group, /** @type {any[]} */ ...rest) {
    this.bound = group;
    return original.call(this, index, group, ...rest);
  });
  wrapped(pass, "dispatchWorkgroups", (original) => function (/** @type {number} */ x, /** @type {number} */ y = 1, /** @type {number} */ z = 1) {
    const program = programs[this.program];
    const counts = [x, y, z];
    program.dispatches += 1;
    program.most = program.most.map((most, i) => Math.max(most, counts[i]));
    if (fault.logits && program.code.includes("dst_ind_image2d")) {
      const binding = Number(/@binding\((\d+)\) var src_image2d/.exec(program.code)?.[1]);
      const entry = entriesOf.get(this.bound).find((/** @type {any} */ each) => each.binding === binding);
      encoderOf.get(this).logits ??= textureOf.get(entry.resource);
    }
    if (fault.program === this.program) {
      if (fault.kind === "no_dispatch" && program.dispatches % fault.period === 0) {
        changed += 1;
        return undefined;
      }
      if (fault.kind === "no_block" && counts[fault.axis] > 1) {
        changed += 1;
        counts[fault.axis] -= 1;
      }
    }
    return original.call(this, ...counts);
  });
  wrapped(pass, "end", (original) => function () {
    const result = original.call(this);
    const { encoder, logits: texture } = encoderOf.get(this);
    if (texture) copy(encoder, texture);
    return result;
  });

  const devices = new WeakMap();
  wrapped(device, "createCommandEncoder", (original) => function (/** @type {any[]} */ ...rest) {
    const made = original.apply(this, rest);
    devices.set(made, this);
    return made;
  });

  /** @param {any} encoder @param {any} texture four logits a texel, in a row */
  function copy(encoder, texture) {
    const float32 = texture.format === "rgba32float";
    const bytes = texture.width * (float32 ? 16 : 8);
    const buffer = devices.get(encoder).createBuffer({ size: bytes, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow: Math.ceil(bytes / 256) * 256 }, [texture.width, 1]);
    logits.push(
      new Promise((resolve) => setTimeout(resolve, 0)).then(async () => {
        await buffer.mapAsync(GPUMapMode.READ);
        const values = float32 ? [...new Float32Array(buffer.getMappedRange())] : [...new Uint16Array(buffer.getMappedRange())].map(half);
        buffer.destroy();
        return values;
      }),
    );
  }

  /** @param {number} bits of a float16 */
  function half(bits) {
    const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
  }

  /** @type {any} */ (globalThis).gpuWatch = {
    programs,
    /** How many programs or dispatches are not what they should be. */
    changed: () => changed,
    /** Those of the steps since the last call. */
    logits: () => Promise.all(logits.splice(0)),
  };
})();
