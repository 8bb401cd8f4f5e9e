// @ts-check
/** Whether a model can be had at all, asked before one that works is given up for it. */

import { refuse } from "./connection.js";
import { OnpageError } from "./errors.js";
import { Interruption } from "./retry.js";
import { Parts } from "./source.js";
import { listStored } from "./storage.js";

/** @param {import('./protocol.js').ModelSource} model OnpageError where it is neither kept here whole nor served */
export async function reach(model) {
  const { sha256, size } = model;
  const kept = await listStored();
  if (kept.some((each) => each.sha256 === sha256 && each.size === size)) return;
  const { url } = new Parts(model).at(0);
  const response = await fetch(new URL(url, globalThis.document?.baseURI), { method: "HEAD" }).catch(() => null);
  if (!response) throw new OnpageError("server-unreachable", url);
  await refuse(response).catch((error) => {
    throw error instanceof Interruption ? new OnpageError(error.code, error.message) : error;
  });
}
