// @ts-check
/** What the models' page says, in Simplified Chinese. */

import { format, integer, size } from "./words.js";

export const models = {
  region: "模型",
  /** In place of the menu, for those who look for more. */
  all: "所有模型",
  here: "此设备和服务器上的模型",
  published: "已发布，但此服务器没有的模型",
  how: "页面无法自行下载这些模型。请在终端运行命令，然后用 --model 加上 id 启动 onpage serve。",
  /** @param {{usage: number, quota: number}} storage bytes */
  storage: ({ usage, quota }) => `此页面使用了浏览器允许的 ${size(quota)} 中的 ${size(usage)}。`,
  lasting: "磁盘已满时，浏览器也会保留它们。",
  notLasting: "磁盘已满时，浏览器可能会全部删除。",
  rule: "新模型没有空间时，最久未使用的模型会被删除。",
  persist: "请浏览器保留模型",
  file: "导入文件",
  folder: "导入文件夹",
  take: "为浏览器制作的 .task、.litertlm 或 .bin 文件，或者 Gemma 1 至 4、3n（来自 Hugging Face 的文件夹或 GGUF 文件，在这里转换；一起选择 LoRA 适配器的文件夹则会合并）。一切都在这里读取，不会发送到任何地方。",
  conversion: {
    /** @param {string} name of the folder */
    asked: (name) => `${name} 是一个检查点。要为此浏览器转换它吗？`,
    /** @param {string} name of the folder @param {string} adapter of its folder */
    askedMerged: (name, adapter) => `${name} 是一个检查点。要将适配器 ${adapter} 合并到权重中，并为此浏览器转换它吗？`,
    adapter: "要合并的适配器",
    noAdapter: "无：检查点保持原样",
    bits: {
      8: "8 位：每个权重约一个字节，回答与检查点几乎相同",
      q4_0: "4 位：再小三分之一，回答明显变差；Q4_0 的 GGUF 文件会原样转入",
    },
    same: "转换在此设备上进行。以下命令会生成相同的文件：",
    convert: "转换",
    decline: "暂不",
    cancel: "取消",
  },
  nothingHere: "这里还没有模型。",
  /** @param {number} bytes */
  whole: (bytes) => `已在此浏览器中，${size(bytes)}`,
  /** @param {number} bytes @param {number} total */
  part: (bytes, total) => `此浏览器中有 ${size(total)} 中的 ${size(bytes)}`,
  absent: "不在此浏览器中",
  /** @param {number} bytes */
  lent: (bytes) => `只需下载 ${size(bytes)}：其余部分取自这里的另一个模型`,
  elsewhere: "由其他网站共享，不占用此处的空间",
  imported: "从文件导入",
  unknown: "此服务器没有这个模型",
  /** @param {number} bytes */
  about: (bytes) => `约 ${size(bytes)}`,
  noSize: "大小未公布",
  /** @param {number} tokens */
  context: (tokens) => `上下文 ${integer(tokens)} 个 token`,
  /** @param {number} bytes */
  onDemand: (bytes) => `其中 ${size(bytes)} 不占用 GPU 内存`,
  /** @param {string} kinds */
  takes: (kinds) => `可输入${kinds}`,
  /** @type {Record<string, string>} */
  kinds: { text: "文本", image: "图像", audio: "声音" },
  /** What a model is for that writes nothing. */
  compares: "按含义搜索文档",
  licence: "许可",
  gated: "需先接受许可",
  fits: "适合此设备。",
  /** @param {Pick<import('../../tasks/models/rows.js').Row, 'size' | 'most'>} row @returns {Record<import('../../tasks/models/rows.js').Unfit, string>} */
  unfit: ({ size: bytes, most }) => ({
    "no-webgpu": "它需要 WebGPU，而此浏览器不提供。",
    software: "运行会很慢：此浏览器没有找到显卡。",
    memory: "此设备的内存可能放不下。",
    "no-room": `此浏览器没有空间保存它：需要 ${size(bytes ?? 0)}，即使删除其他所有模型也只有 ${size(most)}。请释放磁盘空间，或使用更小的模型。`,
  }),
  /** @param {string[]} models */
  evicts: (models) => {
    const names = format.list(models);
    return `为了腾出空间，将删除 ${names}。`;
  },
  agree: "删除并导入",
  /** @param {{decode: number | null, prefill: number | null}} speed tokens per second */
  measured: ({ decode, prefill }) => {
    const rate = format.rate(decode);
    return `在此实测：解码 ${rate}` + (prefill === null ? "" : ` · ${measuredPrefill(prefill)}`);
  },
  /** @param {{decode: number, device: string}} speed */
  quoted: ({ decode, device }) => {
    const rate = format.rate(decode);
    return `公布的数据：在 ${device} 上解码 ${rate}`;
  },
  use: "使用",
  inUse: "使用中",
  download: "下载",
  resume: "继续",
  pause: "暂停",
  check: "检查",
  remove: "删除",
  /** @param {number} count */
  removeReally: (count) => {
    const bytes = size(count);
    return `删除 ${bytes}？无法撤销`;
  },
  share: "与其他网站共享",
  doing: { keep: "正在下载", check: "正在检查", import: "正在导入", convert: "正在转换" },
  /** @param {string} name */
  progress: (name) => `${name} 的进度`,
  /** A button of one model, for who does not see which. @param {string} act @param {string} name */
  of: (act, name) => `${act}：${name}`,
  /** @param {import('../../tasks/models/model_shelf.js').Said} said */
  said({ outcome, name, bytes = 0, most = null, refusal = "unknown", reason = "damaged", detail = "", names = [] }) {
    if (outcome === "unconverted") return unconverted(name, detail)[reason];
    if (outcome === "refused") return refusals(name)[refusal];
    if (outcome === "several") return `这里有多个检查点（${format.list(names)}）。请导入其中一个的文件夹或文件。`;
    if (outcome === "nothing") return nothing(name);
    return {
      kept: `${name} 已在此浏览器中，哈希值正确。`,
      paused: `${name} 已暂停。已收到的部分会保留。`,
      checked: `${name} 完好无损：哈希值正确。`,
      damaged: `${name} 已损坏并被删除。请重新下载，或重新导入文件。`,
      failed: `无法取得 ${name}：${detail}`,
      "no-room": noRoom(name, bytes, most),
      elsewhere: `${name} 由其他网站共享，哈希值正确。它从那里运行，不占用此处的空间。`,
      deleted: `${name} 已删除，腾出 ${size(bytes)}。`,
      "in-use": `${name} 未被删除：有标签页正在使用它。`,
      imported: `${name} 已导入。点击“使用”即可运行。${turns[detail] ?? ""}`,
      converted: detail ? `${name} 已合并适配器 ${detail} 并转换，现在保存在此浏览器中。按“使用”即可运行。` : `${name} 已转换，现在保存在此浏览器中。按“使用”即可运行。`,
      "made-room": `为腾出空间而删除：${format.list(names)}。`,
      cancelled: `${name} 的转换已取消，没有保存任何内容。`,
      known: `${name} 是列表中已有的模型，现已在此浏览器中。`,
      shared: `知道其哈希值的其他网站现在可以读取 ${name}。`,
      "not-shared": `浏览器没有共享 ${name}。`,
      lasting: "浏览器从现在起会保留模型。",
      "not-lasting": "浏览器没有同意。这取决于你使用此页面的频率；请安装此页面或加入书签，然后再试。",
    }[outcome];
  },
};

/** @param {number} prefill */
function measuredPrefill(prefill) {
  const rate = format.rate(prefill);
  return `预填充 ${rate}`;
}

/** How a file is asked that says no turns. @type {Record<string, string>} */
const turns = {
  usual: "它没有说明其轮次如何书写，因此按 Gemma 的方式提问。",
  none: "它没有说明其轮次如何书写，也不认识 Gemma 的轮次，因此只会收到你的文本。",
};

/** @param {string} kind of the files that were brought */
function nothing(kind) {
  if (kind === "adapter") return "这是没有模型的 LoRA 适配器。请将其文件夹与它所针对的检查点或 GGUF 文件一起导入。";
  return kind ? "此文件夹是检查点。请先用 onpage convert 制成浏览器用的文件，再导入。" : "此文件夹中没有模型文件：需要 .task、.litertlm 或 .bin。";
}

/** @param {string} name @param {number} bytes @param {number | null} most */
function noRoom(name, bytes, most) {
  if (most === null) return `此浏览器在这里不给页面存储空间，因此无法保存 ${name}。请通过 localhost 或 https 打开页面，并且不要使用隐私窗口。`;
  if (bytes > most) return `此浏览器没有空间保存 ${name}：需要 ${size(bytes)}，即使删除其他所有模型也只有 ${size(most)}。请释放磁盘空间，或选择更小的模型。`;
  return `此浏览器没有为 ${name} 找到空间：需要 ${size(bytes)}，虽然它说可以有 ${size(most)}。磁盘已满，或某个标签页正在使用其他模型。请释放磁盘空间，关闭此页面的其他标签页，然后重试。`;
}

/** @param {string} name @returns {Record<import('../../engine/model_file.js').Refusal, string>} */
const refusals = (name) => ({
  gguf: `${name} 是 GGUF 文件。请让文件名以 .gguf 结尾，并单独导入它，此页面就会转换它。`,
  safetensors: `${name} 是检查点的权重。请用 onpage convert 把它的文件夹制成浏览器用的文件，再导入。`,
  "bare-graph": `${name} 是没有分词器的计算图，或是适配器。请用 onpage bundle 把计算图合成一个文件，再导入。`,
  scales: `用 ${name} 时，引擎会写出错误的文字：文件里的缩放系数比引擎读取的多。请用 onpage convert 重新转换模型，再导入。`,
  "web-page": `${name} 是网页，也许是登录页面。请重新下载模型。`,
  pointer: `${name} 只是指向 Git LFS 中的文件。请取得文件本身。`,
  compressed: `${name} 是压缩文件。请解压后导入其中的文件。`,
  short: `${name} 太短，不可能是模型。请重新下载。`,
  unknown: `${name} 不是浏览器能运行的模型：需要网页模型文件、.task 或 .litertlm。请用 onpage convert 制作。`,
});

/** @param {string} name @param {string} detail @returns {Record<import('../../convert/refusal.js').RefusalCode, string>} */
const unconverted = (name, detail) => ({
  incomplete: `无法转换 ${name}：缺少 ${detail}。请下载它的所有文件，并一起导入。`,
  unreadable: `${name} 未被转换：${detail} 在读取期间被移动或更改。请重新选择文件。`,
  damaged: `无法转换 ${name}：有文件已损坏，或属于另一个模型（${detail}）。请重新下载。`,
  family: `${name} 是另一种模型（${detail}）。此页面只转换用于文本的 Gemma 1 至 4、3n；其他模型请用 onpage convert。`,
  setting: `无法转换 ${name}：用于浏览器的文件无法表示此设置（${detail}）。`,
  quantized: `${name} 已经量化过（${detail}）。请使用它所依据的检查点。`,
  types: `无法转换 ${name}：无法读取权重的类型（${detail}）。请将其保存为 BF16、F16 或 F32。`,
  template: `${name} 的聊天模板在这里无法读成对话格式（${detail}）。onpage convert 能读取更多模板，也可以由您指定格式。`,
  tokenizer: `此页面无法使用 ${name} 的分词器（${detail}）。请用 onpage convert 转换，它会说明得更详细。`,
  adapter: `无法将 ${name} 与此适配器一起转换：它改动的内容超出此页面能合并的范围，或属于另一个模型（${detail}）。onpage convert --merge-lora 会说明详情。`,
  large: `无法转换 ${name}：${detail} 对用于浏览器的文件来说太大。`,
  "not-finite": `无法转换 ${name}：${detail} 中有不能使用的数值。`,
  unexpected: `未能转换 ${name}：此浏览器出了问题，可能是内存不足。请重新加载页面再试，或用 onpage convert 转换。`,
});
