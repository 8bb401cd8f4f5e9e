// @ts-check
/** What llama.cpp calls the parts of a model in a GGUF file, for all families (builder/model/gguf_names.py). */

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
};

/** The output's matrix, where it is not the embedding; some programs save the embedding a second time under this name. */
export const HEAD = "output.weight";
export const EMBEDDING = "token_embd.weight";

/** What a model has once. @type {Record<string, string>} */
const WHOLE_NAMES = { embedding: EMBEDDING, final_norm: "output_norm.weight" };

/** The tensor that a weight is. @param {import('./weights.js').Weight} weight */
export function ggufName({ part, layer }) {
  return layer === null ? WHOLE_NAMES[part] : `blk.${layer}.${LAYER_NAMES[part]}.weight`;
}
