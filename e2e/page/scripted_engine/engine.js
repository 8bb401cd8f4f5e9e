// In the place of LiteRT-LM's script and its megabytes of WebAssembly: an engine that writes by a script, for tests of what is not the
// engine's. Our worker runs as it is, with the model's bytes and hash, its tokenizer, storage and protocol; only what the engine would
// compute is made up: it says the text of the last question again, a word in each turn of the event loop, and a hashtag that the seed
// chooses. As the engine does, it goes on until the context is full where a model's file does not end answers with <end_of_turn>.

const MAX_WORDS = 24;
/** Bytes of the engine's memory, where a model lies from the second page on. */
const [MEMORY, PAGE] = [64 << 20, 65_536];
/** How the metadata of a .litertlm says that the token 5, the demo's <end_of_turn>, ends an answer. Before the first page ends. */
const ENDS = String.fromCharCode(0x12, 5, 0x0a, 3, 0x0a, 1, 5);

/** An object of the engine, every method of which gives another one, but for those that are given. */
function loose(own = {}) {
  return new Proxy(own, { get: (target, name) => (name in target ? target[name] : name === "then" ? undefined : () => loose()) });
}

/** A word at a time. @param {string} prompt @param {{topK: number, seed: number}} sampler @param {boolean} ends */
function* answerTo(prompt, { topK, seed }, ends) {
  const asked = prompt.split("<start_of_turn>user\n").at(-1).split("<end_of_turn>")[0];
  const words = asked.slice(asked.indexOf("\n\n") + 1).split(/\s+/).filter(Boolean);
  const names = words.map((word) => word.replace(/\W/g, "")).filter((word) => /^[A-Z]\w{3}/.test(word));
  const tag = `#${names[topK === 1 ? 0 : seed % names.length] ?? "Today"}`;
  const post = [...words.slice(0, MAX_WORDS), tag];
  for (let index = 0; !ends || index < post.length; index += 1) yield `${index ? " " : ""}${post[index % post.length]}`;
}

class Conversation {
  #settings;
  #count = 0;
  #cancelled = false;

  constructor(settings) {
    this.#settings = settings;
  }

  async sendMessageAsync(message, heard) {
    const { sampler, tokens, ends } = this.#settings;
    [this.#count, this.#cancelled] = [0, false];
    for (const text of answerTo(JSON.parse(message).content, sampler, ends)) {
      await new Promise((resolve) => setTimeout(resolve));
      if (this.#cancelled || this.#count >= tokens) return;
      this.#count += 1;
      heard(JSON.stringify({ content: [{ text }] }), this.#count, "");
    }
    this.#count += 1; // the token that ends it
  }

  cancelProcess() {
    this.#cancelled = true;
  }

  getBenchmarkInfo() {
    const count = this.#count;
    return { lastPrefillTokensPerSecond: 100, lastPrefillTokenCount: 10, lastDecodeTokensPerSecond: 100, lastDecodeTokenCount: count, timeToFirstTokenInSecond: 0.01 };
  }

  clone() {
    return new Conversation(this.#settings);
  }

  delete() {}
}

function sessionConfig() {
  const values = { tokens: Infinity, sampler: { topK: 1, seed: 1 } };
  const { sampler } = values;
  const parameters = loose({ setK: (topK) => Object.assign(sampler, { topK }), setSeed: (seed) => Object.assign(sampler, { seed }) });
  return loose({ values, getMutableSamplerParams: () => parameters, setMaxOutputTokens: (tokens) => Object.assign(values, { tokens }) });
}

async function factory() {
  const HEAPU8 = new Uint8Array(MEMORY);
  const engine = () => {
    const ends = new TextDecoder("latin1").decode(HEAPU8.subarray(PAGE, 2 * PAGE)).includes(ENDS);
    return loose({ ends, waitUntilDone: async () => {} });
  };
  return loose({
    HEAPU8,
    _malloc: () => PAGE,
    FS: loose({ lookupPath: () => ({ node: { node_ops: {}, stream_ops: {} } }), analyzePath: () => ({ exists: false }) }),
    Backend: { CPU: 0, GPU_ARTISAN: 1 },
    ModelAssets: loose(),
    EngineSettings: loose(),
    SessionConfig: { createDefault: sessionConfig },
    ConversationConfig: { createCustom: ({ ends }, { values }) => loose({ settings: { ...values, ends } }) },
    Engine: { createEngine: async () => engine() },
    Conversation: { create: async (_, { settings }) => new Conversation(settings) },
  });
}

self.define([], () => factory);
