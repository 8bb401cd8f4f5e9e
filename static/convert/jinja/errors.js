// @ts-check
/** Why a chat template is not run to its end. */

/** What jinja2 fails at, too. */
export class TemplateError extends Error {}

/** What jinja2 may do, and we do not. */
export class NotUnderstood extends Error {}

/** @param {string} why @returns {never} */
export function fail(why) {
  throw new TemplateError(why);
}

/** @param {string} what @returns {never} */
export function not(what) {
  throw new NotUnderstood(what);
}
