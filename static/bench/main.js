// @ts-check
/** `/bench`: measures for a person, or for the program that drives the browser. */

import { drive } from "./driven.js";

if (new URLSearchParams(location.search).has("driven")) Reflect.set(globalThis, "onpageBench", drive());
