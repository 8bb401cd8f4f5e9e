// @ts-check
/** The tasks of the page, each by one line. The first one is shown. */

import { post } from "./post/index.js";

/** @type {import('./task.js').Task[]} */
export const TASKS = [post];
