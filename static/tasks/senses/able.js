// @ts-check
/**
 * Whether what runs sees and hears, what would have to be loaded for that, and which model could. Pure.
 *
 * @typedef {import('../../engine/session_state.js').SessionState} SessionState
 * @typedef {import('../../engine/model_list.js').Model} Model
 * @typedef {import('../../engine/media.js').Modality} Modality
 * @typedef {import('../../engine/media.js').Senses} Senses
 *
 * @typedef {{kind: 'able'} | {kind: 'unknown'} | {kind: 'load', size: number, senses: Senses}
 *   | {kind: 'switch', model: Model, engineId: string, size: number, senses: Senses} | {kind: 'none'}} Ability `unknown`: nothing runs
 *   yet; `load`: the model can, when it is loaded anew; `switch`: another one here can
 */

import { MAX_IMAGES, optionsOf } from "../../engine/index.js";

/** @param {SessionState} state @param {Modality[]} needs @returns {Ability} */
export function abilityOf({ setup, models, gpu }, needs) {
  if (!setup) return { kind: models.length ? "unknown" : "none" };
  const { choice, senses } = setup;
  if (needs.every((need) => (need === "image" ? senses.images > 0 : senses.audio))) return { kind: "able" };
  const wanted = { images: needs.includes("image") ? MAX_IMAGES : senses.images, audio: needs.includes("audio") || senses.audio };
  const takes = (/** @type {{entry: {takesMedia?: boolean}, file: {modalities?: Modality[]} | null}} */ { entry, file }) =>
    Boolean(entry.takesMedia && file && needs.every((need) => file.modalities?.includes(need)));
  if (choice && takes(choice)) return { kind: "load", size: choice.file.size, senses: wanted };
  for (const model of [setup.model, ...models]) {
    const option = optionsOf(model, gpu).find((each) => takes(each) && !each.problem);
    if (option?.file) return { kind: "switch", model, engineId: option.entry.id, size: option.file.size, senses: wanted };
  }
  return { kind: "none" };
}
