// @ts-check
/** Typed, checked access to config.json, or to a part of it: the families read every key of it through this (builder/model/families/config.py). */

import { Refusal, shown } from "../refusal.js";

const [MIN_FLOAT, MAX_FLOAT] = [2 ** -126, 2 ** 127];
const MOST = 1 << 24;
export const [MAX_LAYERS, MAX_HEADS, MAX_HEAD] = [1024, 1024, 4096];

/** @param {unknown} value of a JSON */
export const isPlain = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

export class Config {
  /** @param {Record<string, any>} values @param {Record<string, any>} [defaults] what a family has where a key is left out */
  constructor(values, defaults = {}) {
    this.values = { ...defaults, ...values };
  }

  /** A whole number from 1 on. @param {string} key @param {number} [most] @returns {number} */
  integer(key, most = MOST) {
    const value = this.values[key];
    if (!Number.isInteger(value) || value < 1 || value > most) this.refuse(key);
    return value;
  }

  /** A positive number that float32 can hold. @param {string} key @returns {number} */
  number(key) {
    const value = this.values[key];
    if (typeof value !== "number" || !(value >= MIN_FLOAT && value <= MAX_FLOAT)) this.refuse(key);
    return value;
  }

  /** @param {string} key */
  numberOrNone(key) {
    return this.values[key] == null ? null : this.number(key);
  }

  /** Refuses a setting that no web file has a place for; null and left out are fine. @param {string} key @param {...unknown} usual */
  refuseUnless(key, ...usual) {
    const value = this.values[key];
    if (value != null && !usual.includes(value)) this.refuse(key);
  }

  /** @param {string} key @returns {never} */
  refuse(key) {
    throw new Refusal("setting", `${key} ${shown(this.values[key])}`);
  }
}
