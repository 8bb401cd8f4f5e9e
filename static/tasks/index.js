// @ts-check
/** The tasks of the page, each by one line. The first one is shown where the address names none. */

import { chat } from "./chat/index.js";
import { documents } from "./documents/index.js";
import { functions } from "./functions/index.js";
import { lab } from "./lab/index.js";
import { models } from "./models/index.js";
import { post } from "./post/index.js";
import { senses } from "./senses/index.js";

/** @type {import('./task.js').Task[]} */
export const TASKS = [post, chat, lab, documents, functions, senses, models];
