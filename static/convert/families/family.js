// @ts-check
/**
 * What the converter knows of a family (builder/model/families/family.py).
 *
 * @typedef {import('../description.js').Model} Model
 * @typedef {{decoder: string, head: string}} Naming how a program names the tensors of a decoder: what stands in front of `embed_tokens.weight` and
 *   `layers.0.…`, and the output's matrix
 *
 * @typedef {object} Family one `model_type` of config.json
 * @property {(config: Record<string, any>) => Model} describe throws Refusal
 * @property {(model: Model, naming: Naming) => import('../weights.js').Weight[]} weights all of them, in the order of the web file
 * @property {Naming[]} namings that checkpoints are known to have, the likeliest first
 * @property {RegExp | null} leftOut how tensors and modules begin that are no part of the decoder, which is all that is converted
 */

/** That of a model of text. @type {Naming} */
export const NAMING = { decoder: "model.", head: "lm_head.weight" };
const EMBEDDING = "embed_tokens.weight";

/** The embedding's tensor. @param {Naming} naming */
export function embeddingIn({ decoder }) {
  return decoder + EMBEDDING;
}

/**
 * The naming of a checkpoint of tensors with these names. A class of transformers without a head saves no `model.` in front, and a program's own class
 * has one more part there.
 * @param {Family} family
 * @param {string[]} names
 * @returns {Naming}
 */
export function namingIn({ namings }, names) {
  const known = namings.find((naming) => names.includes(embeddingIn(naming)));
  const others = names.filter((name) => `.${name}`.endsWith(`.${EMBEDDING}`));
  if (known || others.length !== 1) return known ?? namings[0];
  const decoder = others[0].slice(0, -EMBEDDING.length);
  return { decoder, head: `${decoder.replace(/model\.$/, "")}lm_head.weight` };
}
