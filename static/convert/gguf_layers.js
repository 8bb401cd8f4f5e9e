// @ts-check
/**
 * What the metadata of a GGUF file say of a model whose layers differ (Gemma 3n and 4) → what config.json says of it (builder/model/gguf_layers.py).
 * llama.cpp says of each layer what transformers says once: how wide its feed-forward is, how many keys it has, whether it sees everything. Pure.
 *
 * @typedef {object} File
 * @property {import('./gguf.js').Metadata} metadata
 * @property {Map<string, import('./safetensors.js').StoredTensor>} tensors
 * @property {Float32Array} divisors of the pairs of a head, as a tensor says them; none where there is none
 */

import { layerTypes } from "./families/dense.js";
import { PER_LAYER_TABLE, ROPE_DIVISORS, nameInLayer } from "./gguf_names.js";
import { shareBelow } from "./normal_distribution.js";
import { Refusal } from "./refusal.js";

/** The divisor of a pair that is not turned. */
const NOT_TURNED = Math.fround(1e30);
/** Layers of a published Gemma 3n with keys and values of their own, which llama.cpp does not read from the file. */
const OWN_CACHES = 20;
/** Rows of a published Gemma 3n's tables: those behind are of pictures and sound, and llama.cpp's own. */
const ROWS_OF_TABLES = 262_144;

/** What is Gemma 3n's alone. @param {File} file @param {import('./gguf_said.js').Said} said @returns {Record<string, any>} */
export function gemma3nLayers({ tensors }, said) {
  const layers = said.count("block_count");
  const [rank, table] = [tensors.get(nameInLayer("laurel_left", 0)), tensors.get(PER_LAYER_TABLE)];
  const hasSparsity = said.isSaid("activation_sparsity_scale");
  return defined({
    num_kv_shared_layers: said.value("attention.shared_kv_layers") ?? Math.max(layers - OWN_CACHES, 0),
    hidden_size_per_layer_input: said.value("embedding_length_per_layer_input"),
    laurel_rank: rank?.shape[0],
    altup_num_inputs: said.value("altup.num_inputs"),
    altup_active_idx: said.value("altup.active_idx"),
    vocab_size_per_layer_input: table && Math.min(table.shape[0], ROWS_OF_TABLES),
    activation_sparsity_pattern: hasSparsity ? said.ofLayers("activation_sparsity_scale", layers).map((scale) => share(said, scale)) : undefined,
  });
}

/** @param {import('./gguf_said.js').Said} said @param {unknown} scale standard deviations */
function share(said, scale) {
  if (typeof scale !== "number" || Number.isNaN(scale)) return said.refuse("activation_sparsity_scale");
  return scale === -Infinity ? 0 : shareBelow(scale);
}

/** What is Gemma 4's alone. @param {File} file @param {import('./gguf_said.js').Said} said @returns {Record<string, any>} */
export function gemma4Layers(file, said) {
  const layers = said.count("block_count");
  const windowed = said.windowed(layers);
  const shared = said.count("attention.shared_kv_layers", 0, 0);
  const counts = said.counts("attention.head_count_kv", layers);
  const [local, seeingAll] = [true, false].map((kind) => [...new Set(counts.filter((_, i) => windowed[i] === kind))]);
  if (local.length > 1 || seeingAll.length > 1) said.refuse("attention.head_count_kv");
  const [head, localHead] = [said.count("attention.key_length"), said.count("attention.key_length_swa")];
  said.refuseUnless("attention.value_length_swa", localHead);
  return {
    layer_types: layerTypes(windowed.map((each) => !each)),
    num_kv_shared_layers: shared,
    hidden_size_per_layer_input: said.count("embedding_length_per_layer_input", 0, 0),
    vocab_size_per_layer_input: file.tensors.get(PER_LAYER_TABLE)?.shape[0] ?? 0,
    ...feedForward(said, layers, shared),
    num_key_value_heads: (local[0] ?? seeingAll[0]),
    num_global_key_value_heads: (seeingAll[0] ?? local[0]),
    attention_k_eq_v: keysAreValues(file, windowed.slice(0, Math.max(0, layers - shared))),
    head_dim: localHead,
    global_head_dim: head,
    rope_parameters: ropes(file, said, head, localHead),
    enable_moe_block: said.count("expert_count", 0, 0) > 0,
  };
}

/** How wide it is, and whether it is twice as wide in the last layers, which share keys and values. @param {import('./gguf_said.js').Said} said @param {number} layers @param {number} shared */
function feedForward(said, layers, shared) {
  const widths = said.counts("feed_forward_length", layers);
  for (const double of [false, true]) {
    if (widths.every((width, i) => width === widths[0] * (double && i >= layers - shared ? 2 : 1))) return { intermediate_size: widths[0], use_double_wide_mlp: double };
  }
  return said.refuse("feed_forward_length");
}

/** Whether layers that see everything, with keys of their own, have no values. @param {File} file @param {boolean[]} windowed of those with their own */
function keysAreValues({ tensors }, windowed) {
  const names = windowed.flatMap((each, i) => (each ? [] : [nameInLayer("value", i)]));
  return names.length > 0 && !names.some((name) => tensors.has(name));
}

/** @param {File} file @param {import('./gguf_said.js').Said} said @param {number} head @param {number} localHead */
function ropes({ tensors, divisors }, said, head, localHead) {
  said.refuseUnless("rope.scaling.type", "none");
  said.refuseUnless("rope.dimension_count_swa", localHead);
  const pairs = Math.floor(head / 2);
  const turned = tensors.has(ROPE_DIVISORS) ? divisors.filter((each) => each === 1).length : pairs;
  const isUsual = divisors.length === pairs && divisors.every((each, i) => each === (i < turned ? 1 : NOT_TURNED));
  if (tensors.has(ROPE_DIVISORS) && !isUsual) throw new Refusal("setting", ROPE_DIVISORS);
  return {
    full_attention: { rope_type: "proportional", partial_rotary_factor: (2 * turned) / head, rope_theta: said.value("rope.freq_base") ?? 1e6 },
    sliding_attention: { rope_type: "default", rope_theta: said.value("rope.freq_base_swa") ?? 1e4 },
  };
}

/** @param {Record<string, any>} values @returns {Record<string, any>} */
function defined(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
