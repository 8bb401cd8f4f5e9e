// @ts-check
/**
 * Why a call came to nothing: a code, and what it names. The model is told in English, the language of its instructions; the person in the
 * page's. The sentences are those of the page's texts.
 *
 * @typedef {keyof typeof functions['faults']} FaultCode
 * @typedef {{code: FaultCode, given: (string | number)[]}} Fault
 */

import { functions } from "../../text/en/functions.js";

export class ToolFault extends Error {
  name = "ToolFault";

  /** @param {FaultCode} code @param {(string | number)[]} given what its sentence names */
  constructor(code, ...given) {
    super(inWords({ code, given }, functions.faults));
    this.code = code;
    this.given = given;
  }

  /** @returns {Fault} */
  toJSON() {
    return { code: this.code, given: this.given };
  }
}

/** @param {Fault} fault @param {typeof functions['faults']} sentences of a language @returns {string} */
export function inWords({ code, given }, sentences) {
  return /** @type {(...given: any[]) => string} */ (sentences[code])(...given);
}

/** What was kept of a fault; null for what is none. @param {unknown} value @returns {Fault | null} */
export function faultIn(value) {
  const { code, given } = /** @type {Record<string, unknown>} */ (value ?? {});
  const isOne = typeof code === "string" && Object.hasOwn(functions.faults, code) && Array.isArray(given) && given.every((each) => ["string", "number"].includes(typeof each));
  return isOne ? { code: /** @type {FaultCode} */ (code), given: given.slice(0, 4) } : null;
}
