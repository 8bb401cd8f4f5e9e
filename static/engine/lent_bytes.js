// @ts-check
/**
 * What one web file has of another: bytes that need not come a second time.
 *
 * A web file of onpage says the CRC-32 of each tensor, so tensors are known to be the same whatever they are called there. A slice of a
 * Gemma 3n (builder/slice/web_file.py) also has a part of some tensors: the first outputs or inputs of its feed-forwards, and the columns of
 * some layers. It notes which layers it has, and two layers are taken for the same where their queries' matrix is.
 *
 * All of this is a guess: the sha256 of what is put together says whether it was right. Pure.
 *
 * @typedef {{name: string, type: number, offset: number, size: number, sum: number}} Tensor
 * @typedef {{size: number, tensors: Tensor[], layers: number[] | null}} Directory `layers`: of a slice, those of the whole that it has
 * @typedef {{at: number, length: number, from: number | null}} Loan bytes that belong at a place, and where the other file has them; null: zeros
 */

/** Tensors begin at its multiples, with zeros between. */
const ALIGNMENT = 256;
/** Inputs, and outputs, of the engine's blocks. */
const BLOCK = 4;
/** A shorter run is not worth that a connection ends and another begins. */
const LEAST = 64 << 10;
/** Rows of blocks of a matrix: E4B's have 512. */
const MAX_ROWS = 4096;
const LAYER = /^transformer\.layer_(\d+)\./;
const PROJECTION = "transformer.embedder.per_layer_model_projection.w";

/**
 * What of `target` `lender` has, in order, without overlaps.
 * @param {Directory} target
 * @param {Directory} lender
 * @param {number} [least] bytes of a run
 * @returns {Loan[]}
 */
export function loansOf(target, lender, least = LEAST) {
  const known = new Map(lender.tensors.map((tensor) => [keyOf(tensor), tensor]));
  const whole = target.tensors.filter((tensor) => known.has(keyOf(tensor)));
  const same = new Set(whole);
  const loans = whole.map((tensor) => ({ at: tensor.offset, length: tensor.size, from: known.get(keyOf(tensor))?.offset ?? null }));
  const parts = partsOf(target, lender).filter(({ tensor }) => !same.has(tensor));
  const partial = parts.flatMap(({ loans }) => loans).filter(isWhole);
  const found = [...loans, ...partial, ...gapsOf(target)].sort((a, b) => a.at - b.at);
  return withoutScraps(found, least);
}

/** Loans, looked up by place. */
export class Loans {
  #loans;

  /** @param {Loan[]} loans in order */
  constructor(loans) {
    this.#loans = loans;
    this.total = loans.reduce((sum, { length }) => sum + length, 0);
  }

  /** What is lent from a place on: where it is in the lender, and how many bytes; null where nothing is. @param {number} position */
  at(position) {
    const loan = this.#loans[this.#first(position)];
    if (!loan || loan.at > position) return null;
    const passed = position - loan.at;
    return { from: loan.from === null ? null : loan.from + passed, length: loan.length - passed };
  }

  /** The first place at or behind a place that is lent; Infinity where there is none. @param {number} position */
  next(position) {
    return Math.max(this.#loans[this.#first(position)]?.at ?? Infinity, position);
  }

  /** Bytes that are lent from a place on. @param {number} position */
  behind(position) {
    return this.#loans.reduce((sum, { at, length }) => sum + Math.max(0, Math.min(length, at + length - position)), 0);
  }

  /** The first loan that ends behind a place. @param {number} position */
  #first(position) {
    let [low, high] = [0, this.#loans.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const { at, length } = this.#loans[middle];
      if (at + length > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Whether it begins and ends between bytes: a file whose tensors fit each other badly is no reason to wait for half of one. @param {Loan} loan */
const isWhole = ({ at, length, from }) => [at, length, from ?? 0].every(Number.isSafeInteger) && length > 0;

/** @param {Tensor} tensor */
const keyOf = ({ type, size, sum }) => `${type} ${size} ${sum}`;

/** Zeros between tensors. @param {Directory} target @returns {Loan[]} */
function gapsOf({ tensors }) {
  return tensors.slice(1).flatMap(({ offset }, i) => {
    const end = tensors[i].offset + tensors[i].size;
    return offset > end && offset - end < ALIGNMENT ? [{ at: end, length: offset - end, from: null }] : [];
  });
}

/**
 * Loans of parts of tensors, by the tensor of the target that they are of.
 * @param {Directory} target
 * @param {Directory} lender
 * @returns {{tensor: Tensor, loans: Loan[]}[]}
 */
function partsOf(target, lender) {
  const [ours, theirs] = [byName(target), byName(lender)];
  const pairs = pairsOf(target, lender).filter(([i, j]) => {
    const [a, b] = [ours.get(`transformer.layer_${i}.attn.q.w`), theirs.get(`transformer.layer_${j}.attn.q.w`)];
    return a && b && keyOf(a) === keyOf(b);
  });
  return [...pairs.flatMap(([i, j]) => feedForward(ours, theirs, i, j)), ...projection(ours, theirs, pairs, layersOf(target), layersOf(lender))];
}

/**
 * @param {Map<string, Tensor>} ours
 * @param {Map<string, Tensor>} theirs
 * @param {number} i
 * @param {number} j
 */
function feedForward(ours, theirs, i, j) {
  const get = (/** @type {string} */ part) => [ours.get(`transformer.layer_${i}.mlp.${part}`), theirs.get(`transformer.layer_${j}.mlp.${part}`)];
  const hidden = (get("linear.w.sum_i")[0]?.size ?? 0) / 4;
  const [width, had] = get("ff_gate.w.sum_i").map((sums) => (sums?.size ?? 0) / 4);
  if (!hidden || !width || !had || width === had) return [];
  const found = [];
  for (const part of ["ff_gate", "ff1"].filter(() => width < had)) {
    const [to, from] = get(`${part}.w`);
    if (to && from && to.size / width === from.size / had) found.push({ tensor: to, loans: strides(to, from, hidden, to.size / (hidden / BLOCK)) });
    for (const kind of [".w.sum_i", ".w_quantized_scale"]) found.push(...beginning(get(part + kind), width, had));
  }
  return [...found, ...beginning(get("linear.w"), width, had)];
}

/**
 * What both of two tensors begin with, which have as many bytes for each of their units.
 * @param {(Tensor | undefined)[]} pair
 * @param {number} width
 * @param {number} had
 */
function beginning([to, from], width, had) {
  if (!to || !from || to.type !== from.type || to.size / width !== from.size / had) return [];
  return [{ tensor: to, loans: [{ at: to.offset, length: Math.min(to.size, from.size), from: from.offset }] }];
}

/**
 * The first bytes of each row of blocks.
 * @param {Tensor} to
 * @param {Tensor} from
 * @param {number} inputs
 * @param {number} length of what is lent of a row
 */
function strides(to, from, inputs, length) {
  const rows = inputs / BLOCK;
  if (rows > MAX_ROWS) return [];
  return Array.from({ length: rows }, (_, k) => ({ at: to.offset + k * (to.size / rows), length, from: from.offset + k * (from.size / rows) }));
}

/**
 * The columns of the layers that both have, of the one matrix that holds those of all.
 * @param {Map<string, Tensor>} ours
 * @param {Map<string, Tensor>} theirs
 * @param {[number, number][]} pairs
 * @param {number} count layers
 * @param {number} had
 */
function projection(ours, theirs, pairs, count, had) {
  const [to, from] = [ours.get(PROJECTION), theirs.get(PROJECTION)];
  const norm = ours.get("transformer.final_norm.scale");
  if (!to || !from || !norm || !pairs.length || to.size / count !== from.size / had) return [];
  const rows = norm.size / 4 / BLOCK; // a float32 for each input
  if (rows > MAX_ROWS) return [];
  const length = to.size / count / rows;
  const loans = Array.from({ length: rows }, (_, k) =>
    pairs.map(([i, j]) => ({ at: to.offset + (k * count + i) * length, length, from: from.offset + (k * had + j) * length })),
  );
  return [{ tensor: to, loans: loans.flat() }];
}

/** Layers that are the same one of the whole: ours, theirs. @param {Directory} target @param {Directory} lender @returns {[number, number][]} */
function pairsOf(target, lender) {
  if (!target.layers && !lender.layers) return [];
  const of = (/** @type {Directory} */ file) => file.layers ?? Array.from({ length: layersOf(file) }, (_, i) => i);
  const places = new Map(of(lender).map((layer, place) => [layer, place]));
  return of(target).flatMap((layer, place) => {
    const there = places.get(layer);
    return there === undefined ? [] : [/** @type {[number, number]} */ ([place, there])];
  });
}

/** @param {Directory} file */
function layersOf({ tensors }) {
  return 1 + Math.max(-1, ...tensors.map(({ name }) => Number(LAYER.exec(name)?.[1] ?? -1)));
}

/** @param {Directory} file */
const byName = ({ tensors }) => new Map(tensors.map((tensor) => [tensor.name, tensor]));

/** Without runs that are shorter than `least`. @param {Loan[]} loans in order @param {number} least */
function withoutScraps(loans, least) {
  /** @type {Loan[]} */
  const kept = [];
  for (let first = 0, next; first < loans.length; first = next) {
    next = first + 1;
    while (next < loans.length && loans[next].at === loans[next - 1].at + loans[next - 1].length) next += 1;
    const length = loans[next - 1].at + loans[next - 1].length - loans[first].at;
    if (length >= least && loans.slice(first, next).some(({ from }) => from !== null)) kept.push(...loans.slice(first, next));
  }
  return kept;
}
