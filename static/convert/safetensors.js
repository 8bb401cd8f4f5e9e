// @ts-check
/**
 * The tensors of a checkpoint's safetensors files: where each lies. Only headers are read, and each is held against its file: no tensor
 * overlaps another, none lies outside, and no byte belongs to none.
 *
 * @typedef {'BF16' | 'F16' | 'F32'} StoredType
 * @typedef {{name: string, dtype: string, shape: number[], file: Blob, begin: number, end: number, minus?: number,
 *   change?: (rows: Float32Array<ArrayBuffer>, first: number) => Promise<void>}} StoredTensor `begin` and `end` in the file; `minus` is taken away from
 *   each value; `change` is what an adapter makes of some rows, `first` the first one's number
 * @typedef {import('./folder.js').Folder} Folder
 */

import { bytesOf, jsonOf, objectOf, textOf } from "./folder.js";
import { Refusal, shown } from "./refusal.js";

/** Bytes of a header; that of 1,500 tensors has 0.2 MB. */
const MAX_HEADER = 16 << 20;
/** Bytes of a value of the types that are read. @type {Record<string, number>} */
export const BYTES = { BF16: 2, F16: 2, F32: 4 };
const INDEX = "model.safetensors.index.json";
const [WHOLE, NUMBERED] = ["model.safetensors", /.-\d+-of-\d+\.safetensors$/];
/** How files begin that are no part of a model: macOS's notes of a file, a training's state, an adapter. */
const STRAYS = /^(\._|optimizer|scheduler|adapter_model\.safetensors)/;
/** Parts of names that torch's DataParallel and torch.compile put there. */
const WRAPPERS = /^module\.|(?<![^.])_orig_mod\./g;

/** @param {Folder} folder @returns {Promise<Map<string, StoredTensor>>} by name */
export async function readTensors(folder) {
  /** @type {Map<string, StoredTensor>} */
  const tensors = new Map();
  for (const name of await shards(folder)) {
    const file = folder.files.get(name);
    if (!file) throw new Refusal("incomplete", name);
    for (const tensor of await readHeader(file, name)) {
      const own = tensor.name.replaceAll(WRAPPERS, "");
      if (tensors.has(own)) throw new Refusal("damaged", `${name}: ${shown(own)} twice`);
      tensors.set(own, { ...tensor, name: own });
    }
  }
  return tensors;
}

/** The files of weights: those that an index names, else the whole one, else numbered ones, else whatever there is. @param {Folder} folder */
async function shards(folder) {
  if (!folder.files.has(INDEX)) {
    const there = [...folder.files.keys()].filter((name) => name.endsWith(".safetensors") && !STRAYS.test(name)).sort();
    const numbered = there.filter((name) => NUMBERED.test(name));
    return there.includes(WHOLE) || !there.length ? [WHOLE] : numbered.length ? numbered : there;
  }
  const { weight_map: map } = await jsonOf(folder, INDEX);
  const names = Object.values(typeof map === "object" && map ? map : {});
  if (!names.length || !names.every((name) => typeof name === "string")) throw new Refusal("damaged", `${INDEX}: weight_map ${shown(map)}`);
  return [...new Set(names)].sort();
}

/** @param {Blob} file @param {string} name @returns {Promise<StoredTensor[]>} */
export async function readHeader(file, name) {
  const start = new DataView(await bytesOf(file, 0, Math.min(8, file.size)));
  const length = start.byteLength === 8 ? Number(start.getBigUint64(0, true)) : 0;
  if (!length || length > MAX_HEADER || 8 + length > file.size) throw new Refusal("damaged", `${name}: a header of ${length} bytes`);
  const { __metadata__: about = {}, ...header } = objectOf(await textOf(file, 8, 8 + length), name);
  if (!isOfTexts(about)) throw new Refusal("damaged", `${name}: __metadata__ ${shown(about)}`);
  const found = Object.entries(header).map(([tensor, said]) => placed(tensor, said, file, 8 + length, name));
  found.sort((one, other) => one.begin - other.begin || one.end - other.end);
  let at = 8 + length;
  for (const { name: tensor, begin, end } of found) {
    if (begin !== at) throw new Refusal("damaged", `${name}: ${shown(tensor)} at ${begin}, not ${at}`);
    at = end;
  }
  if (at !== file.size) throw new Refusal("damaged", `${name}: ${file.size} bytes, not ${at}`);
  return found;
}

/** @param {string} tensor @param {any} said @param {Blob} file @param {number} start @param {string} name @returns {StoredTensor} */
function placed(tensor, said, file, start, name) {
  const { dtype, shape, data_offsets: offsets } = said ?? {};
  const counts = Array.isArray(shape) && shape.every(isCount) && Array.isArray(offsets) && offsets.length === 2 && offsets.every(isCount);
  if (!counts || typeof dtype !== "string" || offsets[1] < offsets[0]) throw new Refusal("damaged", `${name}: ${shown(tensor)} ${shown(said)}`);
  const size = shape.reduce((/** @type {number} */ product, /** @type {number} */ each) => product * each, Object.hasOwn(BYTES, dtype) ? BYTES[dtype] : 0);
  if (Object.hasOwn(BYTES, dtype) && size !== offsets[1] - offsets[0]) throw new Refusal("damaged", `${name}: ${shown(tensor)} ${shown(said)}`);
  return { name: tensor, dtype, shape, file, begin: start + offsets[0], end: start + offsets[1] };
}

/** @param {unknown} value */
function isOfTexts(value) {
  return value === null || (typeof value === "object" && !Array.isArray(value) && Object.values(value).every((each) => typeof each === "string"));
}

/** @param {unknown} value */
function isCount(value) {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
