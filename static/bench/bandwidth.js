// @ts-check
/**
 * How fast this GPU reads its memory: the roof under which decoding stays, because each token reads every weight once.
 *
 * A kernel adds up a buffer that no cache holds. The reads of a warp are adjacent and each thread takes 16 bytes at a time, which
 * is what a kernel for matrices does at best. Writes are nothing beside them.
 */

/** @typedef {{bytes_per_second: number, buffer_bytes: number, samples: number[]}} Bandwidth the median, and each sample in bytes per second */

/** Twice the largest cache of a GPU of today, and less than a phone's browser gives. */
const LARGEST = 256 << 20;
const SOFTWARE = 64 << 20;
const GROUP = 256;
const GROUPS = 4096;
/** A sample takes at least so long, in milliseconds, so that starting it does not count. */
const LONG_ENOUGH = 100;
const SAMPLES = 5;

const SHADER = `
@group(0) @binding(0) var<storage, read> data: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> sums: array<u32>;
@compute @workgroup_size(${GROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  var sum = vec4<u32>(0u);
  let step = groups.x * ${GROUP}u;
  for (var i = id.x; i < arrayLength(&data); i += step) { sum += data[i]; }
  sums[id.x] = sum.x + sum.y + sum.z + sum.w;
}`;

/**
 * @param {GPUAdapter} adapter
 * @param {boolean} software
 * @returns {Promise<Bandwidth>}
 */
export async function measureBandwidth(adapter, software) {
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const bytes = Math.min(software ? SOFTWARE : LARGEST, maxBufferSize, maxStorageBufferBindingSize) & ~15;
  const device = await adapter.requestDevice({
    requiredLimits: { maxBufferSize: bytes, maxStorageBufferBindingSize: bytes },
  });
  try {
    const data = device.createBuffer({ size: bytes, usage: GPUBufferUsage.STORAGE });
    const sums = device.createBuffer({ size: GROUP * GROUPS * 4, usage: GPUBufferUsage.STORAGE });
    const module = device.createShaderModule({ code: SHADER });
    const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
    const entries = [data, sums].map((buffer, binding) => ({ binding, resource: { buffer } }));
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    const run = async (/** @type {number} */ times) => {
      const encoder = device.createCommandEncoder();
      for (let i = 0; i < times; i += 1) {
        const pass = encoder.beginComputePass();
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(GROUPS);
        pass.end();
      }
      const started = performance.now();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      return performance.now() - started;
    };
    await run(1); // makes the buffer real and the shader ready
    let times = 1;
    while ((await run(times)) < LONG_ENOUGH && times < 1 << 12) times *= 2;
    /** @type {number[]} */
    const samples = [];
    for (let i = 0; i < SAMPLES; i += 1) samples.push((bytes * times) / ((await run(times)) / 1000));
    const sorted = samples.toSorted((a, b) => a - b);
    return { bytes_per_second: sorted[SAMPLES >> 1], buffer_bytes: bytes, samples };
  } finally {
    device.destroy();
  }
}
