// @ts-check
/**
 * The command that makes the same file as the page does. The folder's name is somebody else's, and whoever copies the command runs it. Pure.
 *
 * @typedef {import('../../convert/convert.js').Bits} Bits
 */

/** @type {Record<Bits, string>} */
const OPTIONS = { 8: "", q4_0: " --bits q4_0 --scale max" };

/** @param {string} name of the folder @param {Bits} bits */
export function convertCommand(name, bits) {
  return `onpage convert ${word(name)} -o ${word(`${name}-web.task`)} --residual-scale bound${OPTIONS[bits]}`;
}

/** One word of a shell, that is no option. A terminal would obey control characters, so none is left. @param {string} name */
function word(name) {
  const path = `${name.startsWith("-") ? "./" : ""}${name.replace(/\p{C}/gu, "_")}`;
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
