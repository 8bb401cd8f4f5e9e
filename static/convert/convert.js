// @ts-check
/**
 * A checkpoint folder → a web file, in two steps: `plan` reads all but the weights and says what will be written, or refuses; `write` streams the
 * weights through the kernel. The bytes are those of `onpage convert --residual-scale bound --scale max`, with `--merge-lora` where the folder has an adapter. What is held is a band of a matrix.
 *
 * @typedef {'8' | 'q4_0'} Bits
 *
 * @typedef {object} Plan
 * @property {import('./description.js').Model} model
 * @property {{weight: import('./weights.js').Weight, tensor: import('./safetensors.js').StoredTensor}[]} weights
 * @property {import('./kernel.js').Scheme} scheme
 * @property {WebAssembly.Module} module the kernel's
 * @property {(residual: import('./residual.js').Residual) => import('./layout.js').Layout} layout
 * @property {{family: string, parameters: number, prompt: import('../engine/messages.js').Turns | null, temperature: number | null, topK: number | null,
 *   onDemand: number}} facts for who lists the model; `onDemand`: bytes of it that stay out of the GPU while it runs
 *
 * @typedef {object} Sink where the file goes
 * @property {(bytes: Uint8Array<ArrayBuffer>, at: number) => void} write all of them; throws where there is no room
 * @property {(into: Uint8Array<ArrayBuffer>, at: number) => void} read fills it
 * @property {(size: number) => void} truncate
 *
 * @typedef {{update: (bytes: Uint8Array) => void, digest: () => string}} Hasher of sha256
 */

import { openAdapter } from "./adapter.js";
import { openFolder } from "./checkpoint_folder.js";
import { chooseTurns } from "./choose_turns.js";
import { crc32 } from "./crc32.js";
import { neverRead } from "./families/dense.js";
import { embeddingIn, namingIn } from "./families/family.js";
import { familyOf, fitToTokenizer, turnsOf } from "./families/index.js";
import { ggufIn } from "./folder.js";
import { openGguf } from "./gguf_checkpoint.js";
import { CHUNK, Kernel } from "./kernel.js";
import { layoutOf } from "./layout.js";
import { merged } from "./merge.js";
import { parametersOf, samplingOf, stopsOf } from "./parameters.js";
import { Float, pythonJson } from "./notes.js";
import { Refusal, shown } from "./refusal.js";
import { isBounded, precisionOf, residualScale } from "./residual.js";
import { firstRows, isSame, largestOf } from "./stored_rows.js";
import { affixesOf, questionOf } from "./turns.js";
import { modelTypeOf } from "./web_model.js";
import { isTable } from "./weights.js";
import { BAND, refuseWhatNoBlockDivides, specsOf, storedBytes, writeTensors } from "./write_tensors.js";

/** Of onpage, whose file it is. */
export const WRITTEN_BY = "onpage 0.1.0";
/** @type {Record<Bits, import('./kernel.js').Scheme>} */
const SCHEMES = { 8: { bits: 8, block: null }, q4_0: { bits: 4, block: 32 } };

/**
 * @param {import('./folder.js').Folder} folder
 * @param {Bits} bits
 * @param {WebAssembly.Module} module kernel.wasm
 * @param {() => Promise<import('./jinja/renderer.js').Library>} loadJinja what runs a chat template, where there is one
 * @returns {Promise<Plan>} rejects with Refusal
 */
export async function plan(folder, bits, module, loadJinja) {
  const gguf = ggufIn(folder);
  const checkpoint = await (gguf ? openGguf(folder, gguf) : openFolder(folder));
  const { config, generation } = checkpoint;
  const family = familyOf(config);
  const { model, turns, parameters, tokenizer } = await conversing(checkpoint, family, loadJinja);
  const scheme = SCHEMES[bits];
  const stored = await checkpoint.tensors();
  for (const name of stored.keys()) if (family.leftOut?.test(name)) stored.delete(name);
  const naming = namingIn(family, [...stored.keys()]);
  await leaveOutACopy(stored, naming, config);
  const unread = neverRead(model, naming);
  for (const name of stored.keys()) if (unread.some((start) => name.startsWith(start))) stored.delete(name);
  const plain = found(stored, family.weights(model, naming), checkpoint.isRead);
  const adapter = folder.adapter ? await openAdapter(folder.adapter) : null;
  const weights = adapter ? await merged(plain, adapter, model.rows, new Kernel(module)) : plain;
  for (const { weight } of weights) refuseWhatNoBlockDivides(weight, scheme);
  const tensors = weights.flatMap(({ weight }) => specsOf(weight, scheme));
  const [[prefix, suffix], [ofSystem, behindSystem]] = [questionOf(turns), turns.system ?? ["", ""]];
  const { temperature, topK } = samplingOf(adapter?.sampling ?? generation);
  return {
    model,
    weights,
    scheme,
    module,
    layout({ factor, bound }) {
      const notes = {
        context_length: model.context,
        written_by: WRITTEN_BY,
        temperature: temperature === null ? undefined : new Float(temperature),
        top_k: topK ?? undefined,
        conversion: { checkpoint: checkpoint.name, scale: "max", merged: adapter?.name },
        residual_scale: new Float(factor),
        residual_bound: bound ?? undefined,
      };
      return layoutOf({ modelType: modelTypeOf(model), parameters, tokenizer, notes: pythonJson(notes), tensors });
    },
    facts: {
      family: model.family,
      parameters: weights.reduce((sum, { weight: { shape } }) => sum + shape.reduce((product, each) => product * each, 1), 0),
      prompt: prefix || suffix ? { prefix, suffix, system: ofSystem ? { prefix: ofSystem, suffix: behindSystem } : null } : null,
      temperature,
      topK,
      onDemand: weights.filter(({ weight }) => isTable(weight)).reduce((sum, { weight }) => sum + specsOf(weight, scheme).reduce((bytes, { size }) => bytes + size, 0), 0),
    },
  };
}

/**
 * What is read with the tokenizer, whose pieces fill much memory and are let go of here.
 * @param {import('./checkpoint_folder.js').Checkpoint} checkpoint
 * @param {import('./families/family.js').Family} family
 * @param {() => Promise<import('./jinja/renderer.js').Library>} loadJinja
 */
async function conversing({ config, generation, template, tokenizer: tokenizerOf }, family, loadJinja) {
  const described = family.describe(config);
  const tokenizer = await tokenizerOf(described.rows);
  const model = fitToTokenizer(described, tokenizer);
  const turns = await chooseTurns(await template(), tokenizer, turnsOf(model), loadJinja);
  const parameters = parametersOf(model, tokenizer, turns, stopsOf(config, generation, tokenizer, turns.ends));
  tokenizer.read([turns.opening, ...affixesOf(turns)].join("\n"));
  return { model, turns, parameters, tokenizer: tokenizer.bytes() };
}

/**
 * Reads all weights, before other models go to make room for the file: `write` would find it out later.
 * @param {Plan} planned
 * @param {(done: number, total: number) => void} report bytes read
 * @returns {Promise<void>} rejects with Refusal
 */
export async function refuseWhatIsNotFinite({ weights }, report) {
  const total = weights.reduce((sum, each) => sum + storedBytes(each), 0);
  let done = 0;
  const tensors = new Map(weights.map(({ weight, tensor }) => [tensor, weight])); // one may hold several weights
  for (const [tensor, weight] of tensors) {
    const largest = await largestOf(tensor, (bytes) => report((done += bytes), total));
    if (!Number.isFinite(largest)) throw new Refusal("not-finite", weight.source);
  }
}

/**
 * Writes the file, and reads it again for its sums and its hash.
 * @param {Plan} planned
 * @param {Sink} sink
 * @param {Hasher} hasher
 * @param {(done: number, total: number) => void} report bytes read and written
 * @param {number} [band] values that are held at once
 * @returns {Promise<{sha256: string, size: number, precision: import('../engine/protocol.js').Precision}>} `precision`: the least in which an engine holds
 *   every number of it; rejects with Refusal, or what the sink throws
 */
export async function write({ model, weights, scheme, module, layout }, sink, hasher, report, band = BAND) {
  const { size: expected } = layout({ factor: 1, bound: 0 }); // the notes may be some digits longer
  let done = 0;
  let total = weights.concat(isBounded(model) ? [weights[0]] : []).reduce((sum, each) => sum + storedBytes(each), expected);
  const add = (/** @type {number} */ bytes) => report((done += bytes), total);
  const residual = await residualScale(model, weights, add);
  const { header, blobs, offsets, parts, sumsOffset, size } = layout(residual);
  total += size - expected;
  sink.truncate(size);
  sink.write(header, 0);
  for (const { offset, bytes } of blobs) sink.write(new Uint8Array(bytes), offset);
  const { normOffset = 1 } = model;
  const place = (/** @type {string} */ name) => offsets.get(name) ?? NaN;
  await writeTensors(weights, { scheme, factor: residual.factor, normOffset, place, sink, kernel: new Kernel(module), band, report: add });
  return { sha256: readBack(sink, { parts, sumsOffset, size }, hasher, add), size, precision: precisionOf(residual) };
}

/**
 * The sums of the parts go to their place, and all is hashed.
 * @param {Sink} sink
 * @param {Pick<import('./layout.js').Layout, 'parts' | 'sumsOffset' | 'size'>} layout
 * @param {Hasher} hasher
 * @param {(bytes: number) => void} add
 */
function readBack(sink, { parts, sumsOffset, size }, hasher, add) {
  const buffer = new Uint8Array(CHUNK);
  const sums = new DataView(new ArrayBuffer(4 * (parts.length + 1)));
  const values = parts.map(() => 0);
  let part = 0;
  const pass = (/** @type {number} */ from, /** @type {number} */ to) => {
    for (let at = from; at < to; at += CHUNK) {
      const bytes = buffer.subarray(0, Math.min(CHUNK, to - at));
      sink.read(bytes, at);
      hasher.update(bytes);
      for (; part < parts.length; part += 1) {
        const [begin, end] = parts[part];
        values[part] = crc32(bytes.subarray(Math.max(0, begin - at), Math.max(0, end - at)), values[part]);
        if (end > at + bytes.length) break;
      }
      add(bytes.length);
    }
  };
  pass(0, sumsOffset);
  values.forEach((value, i) => sums.setUint32(4 * i, value, true));
  sums.setUint32(4 * parts.length, crc32(new Uint8Array(sums.buffer, 0, 4 * parts.length)), true);
  sink.write(new Uint8Array(sums.buffer), sumsOffset);
  pass(sumsOffset, size);
  return hasher.digest();
}

/**
 * Some programs save the embedding a second time, as the output's matrix; one of its own is refused.
 * @param {Map<string, import('./safetensors.js').StoredTensor>} tensors
 * @param {import('./families/family.js').Naming} naming
 * @param {Record<string, any>} config
 */
async function leaveOutACopy(tensors, naming, config) {
  const [head, embedding] = [tensors.get(naming.head), tensors.get(embeddingIn(naming))];
  if (!head && [config, config.text_config].some((said) => said?.tie_word_embeddings === false)) throw new Refusal("setting", "tie_word_embeddings false");
  if (!head || !embedding) return;
  if (head.dtype !== embedding.dtype || head.shape.join() !== embedding.shape.join() || !(await isSame(head, embedding))) throw new Refusal("setting", naming.head);
  tensors.delete(naming.head);
}

/**
 * The tensor of each weight; whatever the model has no place for is refused.
 * @param {Map<string, import('./safetensors.js').StoredTensor>} tensors
 * @param {import('./weights.js').Weight[]} weights
 * @param {(dtype: string) => boolean} isRead
 */
function found(tensors, weights, isRead) {
  const left = new Set(tensors.keys());
  const pairs = weights.map((weight) => {
    const whole = tensors.get(weight.source);
    const tensor = whole && weight.hasMoreRows ? firstRows(whole, weight.stored[0]) : whole;
    if (tensor?.shape.join() !== weight.stored.join()) throw new Refusal("damaged", `${weight.source}: ${shown(tensor?.shape ?? null)}, not ${shown(weight.stored)}`);
    if (!isRead(tensor.dtype)) throw new Refusal("types", `${weight.source} ${tensor.dtype}`);
    left.delete(weight.source);
    return { weight, tensor };
  });
  if (left.size) throw new Refusal("damaged", `${left.size}: ${shown([...left][0])}`);
  return pairs;
}
