// @ts-check
/** The names of a web file's tensors, by what they are in a model (builder/formats/web_tensor_names.py). */

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

/** @param {string} part @param {number | null} layer */
export function tensorName(part, layer) {
  return layer === null ? WHOLE_NAMES[part] : `params.lm.transformer.x_layers_${layer}.${LAYER_NAMES[part]}`;
}
