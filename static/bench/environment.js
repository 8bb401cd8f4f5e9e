// @ts-check
/**
 * What a page can find out about where it runs: the browser, the graphics adapter, and what may disturb a measurement.
 *
 * @typedef {object} Browser
 * @property {string} name
 * @property {string} version
 * @property {string} user_agent
 * @property {string[]} flags a page cannot know
 * @property {string} origin who chose the browser: a person
 * @property {'page'} connection
 *
 * @typedef {import('../engine/protocol.js').GpuAdapter} Adapter
 */

import { describeAdapter } from "../engine/gpu.js";

/** Software that calls itself an adapter; not every browser sets `isFallbackAdapter` for it. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render/i;
/** Milliseconds. */
const ANSWERS_AT_ONCE = 150;
/** Names in a user agent, the more particular first: nearly all of them also say Chrome and Safari. */
const NAMES = /** @type {const} */ ([
  ["Edge", /Edg(?:A|iOS)?\/([\d.]+)/],
  ["Opera", /OPR\/([\d.]+)/],
  ["Samsung Internet", /SamsungBrowser\/([\d.]+)/],
  ["Firefox", /(?:Firefox|FxiOS)\/([\d.]+)/],
  ["Chrome", /(?:Chrome|CriOS)\/([\d.]+)/],
  ["Safari", /Version\/([\d.]+).* Safari/],
]);

/**
 * Name and version out of a user agent.
 * @param {string} userAgent
 */
export function browserOf(userAgent) {
  for (const [name, pattern] of NAMES) {
    const found = pattern.exec(userAgent);
    if (found) return { name, version: found[1] };
  }
  return { name: "unknown", version: "" };
}

/** @returns {Promise<Browser>} */
export async function describeBrowser() {
  const data = Reflect.get(navigator, "userAgentData");
  const hints = await data?.getHighEntropyValues(["fullVersionList"]).catch(() => null);
  /** @type {{brand: string, version: string}[]} */
  const brands = (hints?.fullVersionList ?? []).filter((/** @type {{brand: string}} */ { brand }) => !/not.?a.?brand/i.test(brand));
  const brand = brands.find((each) => each.brand !== "Chromium") ?? brands[0];
  const { name, version } = brand ? { name: brand.brand, version: brand.version } : browserOf(navigator.userAgent);
  return { name, version, user_agent: navigator.userAgent, flags: [], origin: "page", connection: "page" };
}

/** What else may explain a figure. */
export function describeEnvironment() {
  const { userAgentData, deviceMemory } = /** @type {any} */ (navigator);
  return {
    platform: String(userAgentData?.platform || navigator.platform),
    mobile: Boolean(userAgentData?.mobile ?? /Mobi|Android|iPhone|iPad/.test(navigator.userAgent)),
    cores: navigator.hardwareConcurrency,
    memory_gib: deviceMemory ?? null, // rounded by the browser, 32 at most
    cross_origin_isolated: globalThis.crossOriginIsolated,
  };
}

/** The adapter that an engine on WebGPU gets. @returns {Promise<Adapter>} OnpageError where there is none */
export async function findAdapter() {
  const adapter = await describeAdapter();
  const { vendor, architecture, device, description } = adapter;
  return { ...adapter, software: adapter.software || SOFTWARE.test([vendor, architecture, device, description].join(" ")) };
}

/** Until the GPU answers at once: an engine that was closed may keep it busy for seconds, and the next would wait for it. */
export async function idleGpu() {
  for (let tries = 0; tries < 20; tries += 1) {
    const asked = performance.now();
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
    const device = await adapter?.requestDevice().catch(() => null);
    if (!device) return;
    await device.queue.onSubmittedWorkDone();
    device.destroy();
    if (performance.now() - asked < ANSWERS_AT_ONCE) return;
  }
}

/** Keeps a phone's screen on, where the browser can; what it answers lets the screen go. */
export function keepAwake() {
  const lock = navigator.wakeLock?.request("screen").catch(() => null);
  return () => void lock?.then((held) => held?.release());
}

/** Says once if the tab is hidden, or was already, until the returned function is called. @param {() => void} onHidden */
export function watchHidden(onHidden) {
  let said = false;
  const look = () => {
    if (said || document.visibilityState !== "hidden") return;
    said = true;
    onHidden();
  };
  document.addEventListener("visibilitychange", look);
  look();
  return () => document.removeEventListener("visibilitychange", look);
}
