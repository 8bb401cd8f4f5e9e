// @ts-check
/** Fields of a protobuf message that nobody vouches for, as far as they are read here: bytes and small numbers. RangeError where it is damaged. */

/**
 * @param {Uint8Array<ArrayBuffer>} message
 * @returns {{bytes: (field: number) => Uint8Array<ArrayBuffer>, number: (field: number) => number}} the last of each; empty and 0 where it is
 *   missing
 */
export function fieldsOf(message) {
  /** @type {Map<number, Uint8Array<ArrayBuffer> | number>} */
  const found = new Map();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= message.length) throw new RangeError("a message is cut");
      const byte = message[at];
      at += 1;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new RangeError("a number has no end");
  };
  while (at < message.length) {
    const key = varint();
    const [field, kind] = [Math.floor(key / 8), key % 8];
    if (kind === 0) found.set(field, varint());
    else {
      if (kind !== 1 && kind !== 2 && kind !== 5) throw new RangeError(`a field has kind ${kind}`);
      const length = kind === 2 ? varint() : kind === 1 ? 8 : 4;
      if (at + length > message.length) throw new RangeError("a field is cut");
      if (kind === 2) found.set(field, message.subarray(at, at + length));
      at += length;
    }
  }
  return {
    bytes(field) {
      const value = found.get(field);
      return value instanceof Uint8Array ? value : new Uint8Array();
    },
    number(field) {
      const value = found.get(field);
      return typeof value === "number" ? value : 0;
    },
  };
}

/** @param {Uint8Array} bytes */
export function text(bytes) {
  return new TextDecoder().decode(bytes);
}
