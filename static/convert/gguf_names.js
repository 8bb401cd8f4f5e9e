// @ts-check
/** What llama.cpp calls the parts of a model in a GGUF file, for all families (builder/model/gguf_names.py). */

/** Those of a layer. @type {Record<string, string>} */
export const LAYER_NAMES = {
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

/** What a model has once, and the output's matrix. */
export const [EMBEDDING, FINAL_NORM, HEAD] = ["token_embd.weight", "output_norm.weight", "output.weight"];
