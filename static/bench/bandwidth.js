// @ts-check
/**
 * How fast memory is read: the roof under which decoding stays, because each token reads every weight once.
 *
 * On a GPU a kernel adds up a buffer that no cache holds. The reads of a warp are adjacent and each thread takes 16 bytes at a time, which
 * is what a kernel for matrices does at best. Writes are nothing beside them. On the processor one thread of the page adds up one number of
 * each line of the cache, so that the adding is nothing beside the reading.
 */

import { OnpageError } from "../engine/errors.js";

/** @typedef {{bytes_per_second: number, buffer_bytes: number, samples: number[]}} Bandwidth the median, and each sample in bytes per second */

/** Twice the largest cache of a GPU of today, and less than a phone's browser gives. */
const GPU_BYTES = 256 << 20;
/** More than most caches of processors; less than an engine took that has just been closed, whose peak of memory it must not raise. */
const PROCESSOR_BYTES = 128 << 20;
/** Numbers of eight bytes in a line of a cache, 64 bytes. */
const LINE = 8;
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

/** Of the fast GPU, if there are two. @returns {Promise<Bandwidth>} */
export async function gpuBandwidth() {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new OnpageError("no-adapter");
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const bytes = Math.min(GPU_BYTES, maxBufferSize, maxStorageBufferBindingSize) & ~15;
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
    return await sampled(bytes, run);
  } finally {
    device.destroy();
  }
}

/** Of the processor, by one thread. Holds the page up for a second or two. @returns {Promise<Bandwidth>} */
export async function processorBandwidth() {
  const values = new Float64Array(PROCESSOR_BYTES / Float64Array.BYTES_PER_ELEMENT).fill(1);
  return sampled(PROCESSOR_BYTES, async (times) => {
    await new Promise((resolve) => setTimeout(resolve)); // lets the page draw
    const started = performance.now();
    for (let i = 0; i < times; i += 1) if (sumOfLines(values) !== values.length / LINE) throw new Error("the sum is wrong");
    return performance.now() - started;
  });
}

/** One value of each line, in four sums, because each addition waits for the one before it. @param {Float64Array} values */
function sumOfLines(values) {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < values.length; i += 4 * LINE) {
    a += values[i];
    b += values[i + LINE];
    c += values[i + 2 * LINE];
    d += values[i + 3 * LINE];
  }
  return a + b + c + d;
}

/**
 * @param {number} bytes that are read each time
 * @param {(times: number) => Promise<number>} run reads them so many times; how many milliseconds that took
 * @returns {Promise<Bandwidth>}
 */
async function sampled(bytes, run) {
  await run(1); // makes the buffer real and the code ready
  let times = 1;
  while ((await run(times)) < LONG_ENOUGH && times < 1 << 12) times *= 2;
  /** @type {number[]} */
  const samples = [];
  for (let i = 0; i < SAMPLES; i += 1) samples.push((bytes * times) / ((await run(times)) / 1000));
  return { bytes_per_second: samples.toSorted((a, b) => a - b)[SAMPLES >> 1], buffer_bytes: bytes, samples };
}
