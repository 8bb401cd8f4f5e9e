// @ts-check
/** What llama.cpp calls the parts of a model in a GGUF file, for all families (builder/model/gguf_names.py). */

import { STREAMS_BEGIN, STREAMS_END } from "./weights.js";

/** Those of a layer. @type {Record<string, string>} */
const LAYER_NAMES = {
  pre_attention_norm: "attn_norm",
  query: "attn_q",
  key: "attn_k",
  value: "attn_v",
  query_norm: "attn_q_norm",
  key_norm: "attn_k_norm",
  output: "attn_output",
  post_attention_norm: "post_attention_norm",
  pre_feed_forward_norm: "ffn_norm",
  gate: "ffn_gate",
  up: "ffn_up",
  down: "ffn_down",
  post_feed_forward_norm: "post_ffw_norm",
  per_layer_gate: "inp_gate",
  per_layer_projection: "proj",
  post_per_layer_norm: "post_norm",
  layer_scale: "layer_output_scale",
  laurel_left: "laurel_l",
  laurel_right: "laurel_r",
  post_laurel_norm: "laurel_post_norm",
  altup_router: "altup_router",
  altup_router_norm: "altup_router_norm",
  altup_prediction: "altup_predict_coef",
  altup_correction: "altup_correct_coef",
  altup_output_scale: "altup_correct_scale",
};

/** The output's matrix, where it is not the embedding; some programs save the embedding a second time under this name. */
export const HEAD = "output.weight";
export const EMBEDDING = "token_embd.weight";

export const PER_LAYER_TABLE = "per_layer_token_embd.weight";
/** A tensor with a divisor for each pair of a head: which of them a Gemma 4 does not turn. */
export const ROPE_DIVISORS = "rope_freqs.weight";

/** What a model has once; the tables of all layers are one tensor, side by side, and so are the matrices of the streams, one on the other. @type {Record<string, string>} */
const WHOLE_NAMES = {
  embedding: EMBEDDING,
  final_norm: "output_norm.weight",
  per_layer_embedding: PER_LAYER_TABLE,
  per_layer_model_projection: "per_layer_model_proj.weight",
  per_layer_projection_norm: "per_layer_proj_norm.weight",
  ...Object.fromEntries(STREAMS_BEGIN.map((part) => [part, "altup_proj.weight"])),
  ...Object.fromEntries(STREAMS_END.map((part) => [part, "altup_unembd_proj.weight"])),
};

/** @param {string} part @param {number | null} layer */
export function nameInLayer(part, layer) {
  return `blk.${layer}.${LAYER_NAMES[part]}.weight`;
}

/** The tensor that a weight is, or is a part of. @param {Pick<import('./weights.js').Weight, 'part' | 'layer'>} weight */
export function ggufName({ part, layer }) {
  return WHOLE_NAMES[part] ?? nameInLayer(part, layer);
}

/** Which matrix of such a tensor a weight is; -1 where it is all of its tensor. @param {Pick<import('./weights.js').Weight, 'part'>} weight */
export function matrixNumber({ part }) {
  return Math.max(STREAMS_BEGIN.indexOf(part), STREAMS_END.indexOf(part));
}
