// @ts-check
/**
 * `LlmParameters`: what the engine is told of the model, where an answer ends, and how a turn is written; and how answers are
 * sampled, which the file's notes say (builder/model/generation_config.py, builder/convert/web_file.py).
 */

import { message, varints } from "./protobuf.js";
import { Refusal, shown } from "./refusal.js";
import { affixesOf } from "./turns.js";
import { transformerParameters } from "./web_model.js";

const MAX_STOPS = 63;

/**
 * @param {import('./description.js').Model} model
 * @param {import('./sentencepiece_model.js').SentencePieceModel} tokenizer
 * @param {import('./turns.js').Turns} turns
 * @param {number[]} stops ids
 */
export function parametersOf(model, tokenizer, turns, stops) {
  if (tokenizer.begin < 0) throw new Refusal("tokenizer", `bos_id ${tokenizer.begin}`);
  const affixes = (/** @type {import('./turns.js').Turn} */ [prefix, suffix], opening = "") => message([[1, opening || null], [2, prefix || null], [3, suffix || null]]);
  const isSaid = turns.opening !== "" || turns.system !== null || affixesOf(turns).some((text) => text !== "");
  return message([
    [1, transformerParameters(model)],
    [2, model.vocabulary],
    [4, tokenizer.begin, "always"],
    ...stops.map((id) => /** @type {[number, string]} */ ([5, tokenizer.pieces[id].text])),
    [8, isSaid ? affixes([turns.user[0], turns.user[1] + turns.model[0]], turns.opening) : null],
    [17, isSaid ? message([[1, affixes(turns.user)], [2, affixes(turns.model)], [3, turns.system && affixes(turns.system)]]) : null],
    [18, varints(stops)],
  ]);
}

/**
 * The ids that end an answer, in their order.
 * @param {Record<string, any>} config
 * @param {Record<string, any>} generation of generation_config.json
 * @param {import('./sentencepiece_model.js').SentencePieceModel} tokenizer
 * @param {string[]} ends pieces
 */
export function stopsOf(config, generation, tokenizer, ends) {
  const said = [config, generation].flatMap(({ eos_token_id: ids }) => (Array.isArray(ids) ? ids : [ids])).filter((id) => id != null);
  for (const id of said) if (!Number.isInteger(id) || id < 0 || id >= tokenizer.pieces.length) throw new Refusal("setting", `eos_token_id ${shown(id)}`);
  const ids = new Set([tokenizer.end, ...ends.map((piece) => tokenizer.idOf(piece)), ...said]);
  ids.delete(-1);
  if (!ids.size || ids.size > MAX_STOPS) throw new Refusal("setting", `eos_token_id ${ids.size}`);
  const { bos_token_id: begin } = config;
  if (begin != null && begin !== tokenizer.begin) throw new Refusal("tokenizer", `bos_token_id ${shown(begin)}, ${tokenizer.begin}`);
  return [...ids].sort((one, other) => one - other);
}

/** @param {Record<string, any>} generation of generation_config.json */
export function samplingOf({ do_sample: sampled, temperature, top_k: topK }) {
  if (sampled === false) return { temperature: null, topK: 1 };
  const number = numberIn(topK, 1, 1 << 20);
  return { temperature: numberIn(temperature, 0, 10), topK: number === null ? null : Math.trunc(number) };
}

/** @param {unknown} value @param {number} least @param {number} most */
function numberIn(value, least, most) {
  return typeof value === "number" && value >= least && value <= most ? value : null;
}
