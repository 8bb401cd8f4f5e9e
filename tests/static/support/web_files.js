// The beginning of a web file.

import { layoutOf } from "../../../static/convert/layout.js";
import { message } from "../../../static/convert/protobuf.js";

const [INT8, WIDTH, ROWS] = [9, 64, 16];

/** With one table of its layers: 16 rows of 64 int8, with so many scales. @param {number} scales @param {boolean} onDemand whether the engine takes rows of it on demand */
export function headWithTable(scales, onDemand) {
  const name = "transformer.layer_0.per_layer_embeddings.w";
  const tensors = [{ name, type: INT8, size: ROWS * WIDTH }, { name: `${name}_quantized_scale`, type: 0, size: 4 * scales }];
  return headWith(message([[1, message([[21, WIDTH], [23, Number(onDemand)]])]]), tensors);
}

/** @param {Uint8Array} parameters LlmParameters @param {import('../../../static/convert/layout.js').Spec[]} [tensors] @param {Uint8Array} [tokenizer] */
export function headWith(parameters, tensors = [{ name: "x", type: 0, size: 4 }], tokenizer = new Uint8Array(9)) {
  const { header, blobs } = layoutOf({ modelType: 1, parameters, tokenizer, notes: "{}", tensors });
  const head = new Uint8Array(Math.max(...blobs.map(({ offset, bytes }) => offset + bytes.length)));
  for (const { offset, bytes } of [{ offset: 0, bytes: header }, ...blobs]) head.set(bytes, offset);
  return head;
}
