// @ts-check
/** The GPU that the browser gives to a page or a worker, in the terms of `protocol.js`. */

import { OnpageError } from "./errors.js";

/** @returns {Promise<import('./protocol.js').GpuAdapter>} OnpageError where there is none */
export async function describeAdapter() {
  if (!navigator.gpu) throw new OnpageError("no-webgpu");
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new OnpageError("no-adapter");
  const { description, device, architecture, vendor } = adapter.info;
  /** @type {Record<string, number>} */
  const limits = {};
  for (const name in adapter.limits) limits[name] = Reflect.get(adapter.limits, name);
  return {
    description: description || device || [vendor, architecture].filter(Boolean).join(" "),
    vendor,
    architecture,
    device,
    software: adapter.info.isFallbackAdapter ?? Reflect.get(adapter, "isFallbackAdapter") ?? false, // older browsers
    features: [...adapter.features].sort(),
    limits,
  };
}
