// @ts-check
/** The names of a web file's tensors, by what they are in a model (builder/formats/web_tensor_names.py). */

import { STREAMS_BEGIN, STREAMS_END } from "./weights.js";

/** @type {Record<string, string>} */
const WHOLE_NAMES = { embedding: "params.lm.softmax.logits_ffn", final_norm: "params.lm.final_ln.scale" };

/** @type {Record<string, string>} */
const LAYER_NAMES = {
  pre_attention_norm: "pre_layer_norm.scale",
  query: "self_attention.q",
  key: "self_attention.k",
  value: "self_attention.v",
  query_norm: "self_attention.q_norm.scale",
  key_norm: "self_attention.k_norm.scale",
  output: "self_attention.post",
  post_attention_norm: "post_layer_norm.scale",
  pre_feed_forward_norm: "ff_layer.pre_layer_norm.scale",
  gate: "ff_layer.ffn_layer1_gate",
  up: "ff_layer.ffn_layer1",
  down: "ff_layer.ffn_layer2",
  post_feed_forward_norm: "ff_layer.post_layer_norm.scale",
};

/** @type {Record<string, string>} */
const WHOLE_NAMES_SINCE_3N = {
  embedding: "transformer.embedder.input_embedding",
  per_layer_model_projection: "transformer.embedder.per_layer_model_projection",
  per_layer_projection_norm: "transformer.embedder.per_layer_projection_norm.scale",
  ...Object.fromEntries([...STREAMS_BEGIN, ...STREAMS_END].map((part) => [part, part.replace("altup_", "transformer.altup.")])),
  final_norm: "transformer.final_norm.scale",
};

/** @type {Record<string, string>} */
const LAYER_NAMES_SINCE_3N = {
  pre_attention_norm: "pre_attention_norm.scale",
  query: "attn.q",
  key: "attn.k",
  value: "attn.v",
  query_norm: "attn.q_norm.scale",
  key_norm: "attn.k_norm.scale",
  output: "attn.attn_vec_einsum",
  post_attention_norm: "post_attention_norm.scale",
  pre_feed_forward_norm: "pre_ffw_norm.scale",
  gate: "mlp.ff_gate",
  up: "mlp.ff1",
  down: "mlp.linear",
  post_feed_forward_norm: "post_ffw_norm.scale",
  per_layer_gate: "per_layer_embedding_gate",
  per_layer_embedding: "per_layer_embeddings",
  per_layer_projection: "per_layer_embedding_projection",
  post_per_layer_norm: "post_per_layer_input_norm.scale",
  layer_scale: "skip.scale",
  laurel_left: "laurel.linear_left",
  laurel_right: "laurel.linear_right",
  post_laurel_norm: "post_laurel_norm.scale",
  altup_router: "altup.modality_router",
  altup_router_norm: "altup.router_norm_layer.scale",
  altup_prediction: "altup.prediction.coefs",
  altup_correction: "altup.correction.coefs",
  altup_output_scale: "altup.correct_output.scale",
};
/** Families whose tensors the engine reads by these names. */
const SINCE_3N = ["gemma3n", "gemma4"];

/** @param {string} part @param {number | null} layer @param {string} family */
export function tensorName(part, layer, family) {
  const isNew = SINCE_3N.includes(family);
  if (layer === null) return (isNew ? WHOLE_NAMES_SINCE_3N : WHOLE_NAMES)[part];
  return isNew ? `transformer.layer_${layer}.${LAYER_NAMES_SINCE_3N[part]}` : `params.lm.transformer.x_layers_${layer}.${LAYER_NAMES[part]}`;
}
