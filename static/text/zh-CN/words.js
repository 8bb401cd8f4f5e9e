// @ts-check
/** How numbers and times are written in Simplified Chinese. */

import { formatsOf } from "../format.js";

export { line } from "../format.js";
export const format = formatsOf("zh-CN", { seconds: "秒", minutes: "分钟", hours: "小时" });
export const { integer, size, wait } = format;
