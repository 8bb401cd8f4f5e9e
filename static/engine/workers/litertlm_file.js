// @ts-check
/**
 * A `.litertlm` on its way into LiteRT-LM: what the page needs of it is taken out, and one thing is added.
 *
 * Of the engine's two ways to write, only the conversation gives text as it comes, and it puts what it is told into the turns
 * that the file names. The page's prompts have their turns already. So the file's metadata, the first section, gets a template
 * that adds nothing, and a family that reads nothing into the text: two protobuf fields, appended into the padding that follows
 * the section, where they overrule those before them. The hash is that of the file as it was sent.
 */

import { BytePairs } from "./byte_pairs.js";
import { FlatBuffer } from "./flatbuffer.js";
import { SentencePiece } from "./sentencepiece.js";

const MAGIC = "LITERTLM";
const END_OF_HEADER = 24;
const HEADER = 32;
/** As in the schema of litert-lm-builder. */
const SECTION = { graph: 3, sentencePiece: 4, metadata: 5, bytePairs: 6 };
const MAX_TOKENIZER = 32 << 20;

/** `llm_model_type` {`generic_model` {}} and `jinja_prompt_template` of LlmMetadata. */
const TEMPLATE =
  "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}" +
  "{% for p in m.content %}{{ p.text }}{% endfor %}{% endif %}{% endfor %}";
const GENERIC = [0x32, 2, 0x0a, 0];
const RAW = new Uint8Array([...GENERIC, 0x3a, 0x80 | (TEMPLATE.length & 127), TEMPLATE.length >> 7, ...new TextEncoder().encode(TEMPLATE)]);

/** @typedef {{kind: number, begin: number, end: number, endAt: number}} Section `endAt` is where the header says its end */

export class LitertlmFile {
  #position = 0;
  /** @type {Section | null} */
  #tokenizer = null;
  /** Where the graph is, once the first bytes have passed; null where there is none or more than one. @type {Section | null} */
  graph = null;
  /** The tokenizer's section, once it has passed. @type {Uint8Array<ArrayBuffer> | null} */
  #kept = null;

  /**
   * @param {ReadableStream<Uint8Array<ArrayBuffer>>} source whole buffers, the first with the header and the metadata
   */
  constructor(source) {
    /** What the engine reads. */
    this.stream = source.pipeThrough(
      new TransformStream({
        transform: (chunk, controller) => {
          if (!this.#position) this.#begin(chunk);
          this.#keep(chunk);
          this.#position += chunk.length;
          controller.enqueue(chunk);
        },
      }),
    );
  }

  /**
   * What counts as the model's tokenizer does, once all has passed.
   * @returns {Promise<SentencePiece | BytePairs>}
   */
  async tokenizer() {
    const section = /** @type {Uint8Array<ArrayBuffer>} */ (this.#kept);
    return this.#tokenizer?.kind === SECTION.bytePairs ? BytePairs.ofSection(section) : new SentencePiece(section);
  }

  /** @param {Uint8Array<ArrayBuffer>} chunk the first, which is changed */
  #begin(chunk) {
    const sections = sectionsOf(chunk);
    const metadata = sections.find(({ kind }) => kind === SECTION.metadata);
    if (!metadata) throw new Error("the file has no metadata");
    const end = metadata.end + RAW.length;
    if (end > chunk.length || sections.some(({ begin }) => begin >= metadata.end && begin < end)) {
      throw new Error("the file's metadata has no room behind it");
    }
    chunk.set(RAW, metadata.end);
    new DataView(chunk.buffer).setBigUint64(metadata.endAt, BigInt(end), true);
    const graphs = sections.filter(({ kind }) => kind === SECTION.graph);
    this.graph = graphs.length === 1 ? graphs[0] : null;
    this.#tokenizer = sections.find(({ kind }) => kind === SECTION.sentencePiece || kind === SECTION.bytePairs) ?? null;
    const size = this.#tokenizer ? this.#tokenizer.end - this.#tokenizer.begin : 0;
    if (!(size > 0 && size <= MAX_TOKENIZER)) throw new Error("the file has no tokenizer");
    this.#kept = new Uint8Array(size);
  }

  /** @param {Uint8Array} chunk */
  #keep(chunk) {
    if (!this.#tokenizer) return;
    const { begin, end } = this.#tokenizer;
    const [from, to] = [Math.max(begin, this.#position), Math.min(end, this.#position + chunk.length)];
    if (from < to) this.#kept?.set(chunk.subarray(from - this.#position, to - this.#position), from - begin);
  }
}

/**
 * The only section of a kind; null where there is none, or several.
 * @param {Uint8Array<ArrayBuffer>} bytes the file's first
 * @param {keyof typeof SECTION} kind
 */
export function sectionOf(bytes, kind) {
  const found = sectionsOf(bytes).filter((each) => each.kind === SECTION[kind]);
  return found.length === 1 ? found[0] : null;
}

/**
 * The table of sections, a FlatBuffer; RangeError or Error where the bytes are none.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Section[]}
 */
function sectionsOf(bytes) {
  if (new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) throw new Error("the file is no .litertlm");
  const whole = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = new FlatBuffer(bytes.subarray(0, Number(whole.getBigUint64(END_OF_HEADER, true))));
  const list = header.field(header.follow(HEADER), 1);
  return header.tables(header.follow(list), 0).map((table) => {
    const [beginAt, endAt, kindAt] = [1, 2, 3].map((each) => header.field(table, each));
    return { begin: header.uint64(beginAt), end: header.uint64(endAt), endAt, kind: header.uint8(kindAt) };
  });
}
