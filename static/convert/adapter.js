// @ts-check
/**
 * A LoRA adapter as peft saves it: its tensors paired, its scales known. What changes a module in another way is refused.
 *
 * @typedef {import('./safetensors.js').StoredTensor} StoredTensor
 * @typedef {{a: StoredTensor, b: StoredTensor, scale: number, magnitude?: StoredTensor}} LowRank A of shape (rank, inputs), B of (outputs, rank), DoRA's
 *   lengths of the merged rows
 *
 * @typedef {object} Adapter
 * @property {string} name as the file's notes have it
 * @property {Map<string, LowRank>} modules by their names, without what depends on the class that holds them
 * @property {Map<string, StoredTensor>} whole likewise the weights of modules that were trained whole (peft's modules_to_save)
 * @property {Record<string, any> | null} sampling what it says of it, in place of its base
 */

import { isOfNoDecoder } from "./families/index.js";
import { ADAPTER as CONFIG, ADAPTER_WEIGHTS as WEIGHTS, jsonOf } from "./folder.js";
import { Refusal, shown } from "./refusal.js";
import { BYTES, readHeader } from "./safetensors.js";

const MAX_RANK = 1024;
/** Each module is compared with each pattern. */
const [MAX_MODULES, MAX_PATTERNS] = [8192, 1024];
const MAX_ALPHA = 1e6;
/** Settings of peft that change more of a model, or otherwise. */
const MORE = [
  ...["trainable_token_indices", "target_parameters", "layer_replication", "lora_bias", "use_qalora", "use_bdlora"],
  ...["alora_invocation_tokens", "kasa_config", "monteclora_config"],
];
/** Values of `init_lora_weights`, beside true and false, that leave the base's own weights as they are. */
const PLAIN_STARTS = ["gaussian", "eva", "orthogonal"];
const TENSOR = /^(.+)\.(lora_A|lora_B|lora_magnitude_vector)(\.(?!bias(?:\.|$))[\p{L}\p{N}_]+){0,2}$/u;
const WHOLE = /^(.+?)(\.modules_to_save(\.[\p{L}\p{N}_]+)?)?\.weight$/u;
/** What peft saves without being asked where an adapter comes with a vocabulary of its own. */
const ALWAYS_WHOLE = ["embed_tokens", "lm_head"];
const WRAPPERS = ["base_model", "model", "language_model"];
const SAMPLING = ["do_sample", "temperature", "top_k"];

/** @param {import('./folder.js').Folder} folder @returns {Promise<Adapter>} rejects with Refusal */
export async function openAdapter(folder) {
  const config = await jsonOf(folder, CONFIG, { needed: true });
  if (config.peft_type !== "LORA") refuse("peft_type", config.peft_type);
  for (const key of MORE) if (isSaid(config[key])) refuse(key, config[key]);
  const start = config.init_lora_weights ?? true;
  if (typeof start !== "boolean" && !PLAIN_STARTS.includes(start)) refuse("init_lora_weights", start);
  const file = folder.files.get(WEIGHTS);
  if (!file) throw new Refusal("incomplete", WEIGHTS);
  const tensors = await readHeader(file, WEIGHTS);
  const whole = savedWhole(tensors, config);
  const saved = new Set(whole.values());
  const modules = paired(tensors.filter((tensor) => !saved.has(tensor)), config);
  for (const each of [modules, whole]) for (const module of each.keys()) if (isOfNoDecoder(module)) each.delete(module);
  if (!modules.size && !whole.size) throw new Refusal("damaged", `${WEIGHTS}: 0`);
  const said = await jsonOf(folder, "generation_config.json");
  return { name: folder.name, modules, whole, sampling: SAMPLING.some((key) => key in said) ? said : null };
}

/** The weights that modules have in place of their base's. @param {StoredTensor[]} tensors @param {Record<string, any>} config */
function savedWhole(tensors, { modules_to_save: said }) {
  /** @type {string[]} */
  const listed = Array.isArray(said) ? said.filter((name) => typeof name === "string") : [];
  const names = new Set([...ALWAYS_WHOLE, ...listed]);
  /** @type {Map<string, StoredTensor>} */
  const found = new Map();
  for (const tensor of tensors) {
    const match = TENSOR.test(tensor.name) ? null : WHOLE.exec(tensor.name);
    if (!match || !Object.hasOwn(BYTES, tensor.dtype)) continue;
    const module = moduleOf(match[1]);
    if (!names.has(module.split(".").at(-1) ?? "")) continue;
    if (found.has(module)) throw new Refusal("damaged", `${WEIGHTS}: ${module} twice`);
    found.set(module, tensor);
  }
  const parts = new Set([...found.keys()].flatMap((module) => module.split(".")));
  const lost = listed.find((name) => !name.split(".").some((part) => parts.has(part)));
  if (lost !== undefined) throw new Refusal("damaged", `${CONFIG}: modules_to_save ${shown(lost)}`);
  return found;
}

/**
 * @typedef {{name: string, lora_A?: StoredTensor, lora_B?: StoredTensor, lora_magnitude_vector?: StoredTensor}} Parts of a module; patterns are held to
 *   the name
 */

/** @param {StoredTensor[]} tensors @param {Record<string, any>} config */
function paired(tensors, config) {
  /** @type {Map<string, Parts>} */
  const found = new Map();
  for (const tensor of tensors) {
    const [, said, part] = TENSOR.exec(tensor.name) ?? [];
    if (!said || !Object.hasOwn(BYTES, tensor.dtype)) refuse(tensor.name, tensor.dtype);
    const module = moduleOf(said);
    const parts = found.get(module) ?? { name: said.replace(/^base_model\.model\./, "") };
    const key = /** @type {'lora_A' | 'lora_B' | 'lora_magnitude_vector'} */ (part);
    if (parts[key]) throw new Refusal("damaged", `${WEIGHTS}: ${module} ${part} twice`);
    found.set(module, { ...parts, [key]: tensor });
  }
  if (found.size > MAX_MODULES) refuse("modules", found.size);
  return new Map([...found].map(([module, parts]) => [module, lowRank(config, module, parts)]));
}

/** @param {Record<string, any>} config @param {string} module @param {Parts} parts @returns {LowRank} */
function lowRank(config, module, { name, lora_A: a, lora_B: b, lora_magnitude_vector: magnitude }) {
  if (!a || !b) throw new Refusal("damaged", `${WEIGHTS}: ${module} ${a ? "lora_B" : "lora_A"}`);
  if (isSaid(config.use_dora) && !magnitude) throw new Refusal("damaged", `${WEIGHTS}: ${module} lora_magnitude_vector`);
  const [rank] = a.shape;
  const fits = a.shape.length === 2 && b.shape.length === 2 && rank === b.shape[1] && Math.min(...a.shape, ...b.shape) > 0;
  const lengthsFit = !magnitude || magnitude.shape.join() === `${b.shape[0]}`;
  if (!fits || !lengthsFit) throw new Refusal("damaged", `${WEIGHTS}: ${module} ${shown(a.shape)} ${shown(b.shape)}`);
  if (rank > MAX_RANK) refuse(module, rank);
  const said = ofModule(config, "rank_pattern", name, config.r);
  if (said !== rank) throw new Refusal("damaged", `${CONFIG}: ${module} r ${shown(said)}, not ${rank}`);
  const alpha = ofModule(config, "alpha_pattern", name, config.lora_alpha);
  if (typeof alpha !== "number" || !(Math.abs(alpha) <= MAX_ALPHA)) throw new Refusal("damaged", `${CONFIG}: lora_alpha ${shown(alpha)}`);
  return { a, b, magnitude, scale: alpha / (isSaid(config.use_rslora) ? Math.sqrt(rank) : rank) };
}

/** The value of a pattern for a module; of peft's expressions those that are a part of a name. @param {Record<string, any>} config @param {string} key @param {string} name @param {unknown} otherwise */
function ofModule(config, key, name, otherwise) {
  const patterns = isSaid(config[key]) ? config[key] : {};
  if (typeof patterns !== "object" || Array.isArray(patterns)) throw new Refusal("damaged", `${CONFIG}: ${key} ${shown(patterns)}`);
  const entries = Object.entries(patterns);
  if (entries.length > MAX_PATTERNS) refuse(key, entries.length);
  for (const [pattern, value] of entries) {
    const plain = pattern.replace(/^\^/, "").replaceAll("\\.", ".");
    if (!/^[\p{L}\p{N}_.]+$/u.test(plain)) refuse(key, pattern);
    if (name === plain || (name.endsWith(`.${plain}`) && !pattern.startsWith("^"))) return value;
  }
  return otherwise;
}

/** `layers.3.self_attn.q_proj`, whatever holds it. @param {string} name */
export function moduleOf(name) {
  return name.split(".").filter((part) => !WRAPPERS.includes(part)).join(".");
}

/** As Python takes a value for true. @param {unknown} value of a JSON */
function isSaid(value) {
  return typeof value === "object" && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

/** @param {string} what @param {unknown} found @param {string} [rest] @returns {never} */
export function refuse(what, found, rest = "") {
  throw new Refusal("adapter", `${what} ${shown(found)}${rest}`);
}
