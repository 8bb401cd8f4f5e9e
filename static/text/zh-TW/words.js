// @ts-check
/** How numbers and times are written in Traditional Chinese. */

import { formatsOf } from "../format.js";

export { line } from "../format.js";
export const format = formatsOf("zh-TW", { seconds: "秒", minutes: "分鐘", hours: "小時" });
export const { integer, size, wait } = format;
