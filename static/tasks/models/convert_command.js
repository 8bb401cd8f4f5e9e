// @ts-check
/**
 * The command that makes the same file as the page does. The folder's name is somebody else's, and whoever copies the command runs it. Pure.
 *
 * @typedef {import('../../convert/convert.js').Bits} Bits
 */

import { titleOf, titleWithAdapter } from "../../convert/folder.js";

/** @type {Record<Bits, string>} */
const OPTIONS = { 8: "", q4_0: " --bits q4_0 --scale max" };
/** Of a file that is quantized, the command takes the bits that it has. */
const EIGHT = " --bits 8";

/** @param {{name: string, adapter?: {name: string}}} checkpoint @param {Bits} bits */
export function convertCommand({ name, adapter }, bits) {
  const merging = adapter ? ` --merge-lora ${word(adapter.name)}` : "";
  const output = word(`${titleWithAdapter({ name, adapter })}-web.task`);
  return `onpage convert ${word(name)}${merging} -o ${output} --residual-scale bound${titleOf(name) === name || bits !== "8" ? OPTIONS[bits] : EIGHT}`;
}

/** One word of a shell, that is no option. A terminal would obey control characters, so none is left. @param {string} name */
function word(name) {
  const path = `${name.startsWith("-") ? "./" : ""}${name.replace(/\p{C}/gu, "_")}`;
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
