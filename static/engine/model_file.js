// @ts-check
/**
 * What a file is that a person gives to the page as a model, by its first bytes: the format, the engines, the turns; or why it is not taken. Pure.
 * Nothing is trusted: what is damaged further on, the engine says. What it would not say, but write wrong text with, is refused here.
 *
 * @typedef {'gguf' | 'safetensors' | 'scales' | 'bare-graph' | 'web-page' | 'pointer' | 'compressed' | 'short' | 'unknown'} Refusal
 * @typedef {import('./messages.js').Turns} Turns
 * @typedef {{format: import('./registry.js').ModelFormat, engine: string, turns: Turns | null, context: number | null}} ModelKind
 */

import { fieldsOf, text } from "./protobuf.js";
import { sectionOf } from "./workers/litertlm_file.js";
import { TOKENIZER, hasEntry, hasTablesInBlocks, parametersIn } from "./workers/web_file.js";

/** Bytes of its beginning that are looked at: the tables and the metadata of every format. */
export const HEAD = 4 << 20;
/** In the header of a `.litertlm`: what kind of model is in it. */
const [WEB_MODEL, GRAPH_MODEL] = ["tf_lite_artisan_text_decoder", "tf_lite_prefill_decode"];
/** Of LlmMetadata, Templates and Affixes. */
const [TEMPLATES, MAX_TOKENS, USER, MODEL, SYSTEM, PREFIX, SUFFIX] = [3, 5, 1, 2, 3, 1, 2];
/** Of LlmParameters: the texts around a question, and those around each turn; of PromptAffixes the text before all, and the two around. */
const [QUESTION, TURNS, OPENING, BEFORE, BEHIND] = [8, 17, 1, 2, 3];
/** @type {[RegExp, Refusal][]} */
const OTHERS = [
  [/^GGUF/, "gguf"],
  [/^version https:\/\/git-lfs/, "pointer"],
  [/^\s*</, "web-page"],
  [/^(\x1f\x8b|\x28\xb5\x2f\xfd|PK\x03\x04)/, "compressed"],
  [/^[^]{8}\{/, "safetensors"],
];

/**
 * @param {Uint8Array<ArrayBuffer>} head the first `HEAD` bytes, or all
 * @returns {ModelKind | Refusal}
 */
export function kindOf(head) {
  if (head.length < 64) return "short";
  const first = String.fromCharCode(...head.subarray(0, 64));
  try {
    if (first.startsWith("LITERTLM")) return litertlm(head);
    if (first.slice(4, 8) === "TFL3") {
      if (!hasEntry(head, TOKENIZER)) return "bare-graph";
      return hasTablesInBlocks(head) ? "scales" : { format: "web", engine: "mediapipe", turns: turnsIn(parametersIn(head)), context: null };
    }
  } catch {
    return "unknown"; // its tables point out of it
  }
  if (first.slice(4, 6) === "PK") return { format: "graph-task", engine: "mediapipe", turns: null, context: null };
  return OTHERS.find(([pattern]) => pattern.test(first))?.[1] ?? "unknown";
}

/** @param {Uint8Array<ArrayBuffer>} head @returns {ModelKind | Refusal} */
function litertlm(head) {
  const metadata = sectionOf(head, "metadata");
  const said = new TextDecoder("latin1").decode(head.subarray(0, metadata?.begin ?? 0));
  const isWeb = said.includes(WEB_MODEL);
  if (!metadata || !(isWeb || said.includes(GRAPH_MODEL))) return "unknown";
  const fields = fieldsOf(head.subarray(metadata.begin, metadata.end));
  const templates = fieldsOf(fields.bytes(TEMPLATES));
  const [user, model, ofSystem] = [USER, MODEL, SYSTEM].map((each) => fieldsOf(templates.bytes(each)));
  const prefix = text(user.bytes(PREFIX));
  const begins = text(ofSystem.bytes(PREFIX));
  const system = begins ? { prefix: begins, suffix: text(ofSystem.bytes(SUFFIX)) } : null;
  const turns = prefix ? { prefix, suffix: text(user.bytes(SUFFIX)) + text(model.bytes(PREFIX)), system } : null;
  return { ...(isWeb ? WEB : GRAPH), turns, context: fields.number(MAX_TOKENS) || null };
}

/** The turns of LlmParameters, from either of the places that they have there (builder/formats/inspect_web_file.py). @param {ReturnType<typeof fieldsOf>} parameters @returns {Turns | null} */
export function turnsIn(parameters) {
  const turns = fieldsOf(parameters.bytes(TURNS));
  const [user, model, ofSystem, question] = [...[USER, MODEL, SYSTEM].map((each) => turns.bytes(each)), parameters.bytes(QUESTION)].map((each) => {
    const affixes = fieldsOf(each);
    return [OPENING, BEFORE, BEHIND].map((field) => text(affixes.bytes(field)));
  });
  const [opening, before, behind] = question;
  const prefix = opening + (user[1] || before);
  const suffix = user[1] ? user[2] + model[1] : behind;
  const system = ofSystem[1] ? { prefix: ofSystem[1], suffix: ofSystem[2] } : null;
  return prefix || suffix ? { prefix, suffix, system } : null;
}

/** @type {Pick<ModelKind, 'format' | 'engine'>} */
const WEB = { format: "litertlm-web", engine: "litert-lm" };
/** @type {Pick<ModelKind, 'format' | 'engine'>} */
const GRAPH = { format: "litertlm-graph", engine: "litert-lm-cpu" };
