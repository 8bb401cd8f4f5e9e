// @ts-check
/** What the documents say, in Simplified Chinese. */

import { format, integer, line, size } from "./words.js";

/** @type {Record<import('../../tasks/documents/kinds.js').Kind, string>} */
const kinds = { pdf: "PDF", docx: "Word", markdown: "Markdown", html: "HTML", text: "文本" };

/** @param {{headings: string[], page: number, name?: string}} source */
const place = ({ name, headings, page }) => line([name, headings.slice(-2).join(" › "), page > 0 && `第 ${integer(page)} 页`]);

/** @type {import('../languages.js').Spoken<typeof import('../en/documents.js').documents>} */
export const documents = {
  region: "文档",
  place,
  shelf: {
    title: "文档",
    count: (count) => (count ? `文档（${integer(count)}）` : "文档"),
    add: "添加文件",
    paste: "粘贴文字",
    pasteLabel: "文字内容，支持 Markdown",
    pasteName: "名称",
    pasted: "粘贴的文字",
    keep: "添加",
    cancel: "取消",
    remove: "移除",
    removeReally: "再按一次移除",
    removeOne: (name) => `移除 ${name}`,
    about: ({ kind, pages, characters, passages }) =>
      line([kinds[kind], pages ? `${integer(pages)} 页` : `${integer(Math.max(1, Math.round(characters / 1000)))} 千字符`, `${integer(passages)} 个段落`]),
    limits: (files, characters, bytes) =>
      `支持 PDF、Word（.docx）、Markdown、HTML 和文本，每个最大 ${size(bytes)}；总共最多 ${integer(files)} 个文档、${integer(characters / 1e4)} 万字符。它们留在此浏览器中。扫描的页面没有可搜索的文字。`,
    adding: ({ name, page, pages, waiting }) => line([pages ? `正在读取 ${name}：第 ${integer(page)} 页，共 ${integer(pages)} 页` : `正在读取 ${name}`, waiting > 0 && `还有 ${integer(waiting)} 个`]),
    progress: "正在读取文档",
    refused: ({ name, code, detail }) => `未添加 ${name}：${problems[code](detail)}`,
  },
  meaning: {
    title: "按含义搜索",
    progress: "按含义搜索的进度",
    offered: (name, bytes) => `除了按字词搜索，还能找到换一种说法的段落。需要第二个模型 ${name}（${size(bytes)}），在本设备的处理器上运行。`,
    start: "也按含义搜索",
    again: "重试",
    remove: "关闭",
    sizes: "每段的数值个数",
    size: (numbers) => `${integer(numbers)}（${integer(1000)} 段占 ${size(4000 * numbers)}）`,
    sizesHelp: "数值越少，占用的内存越少，搜索越快，但找得略差一些。",
    loading: (name) => `正在加载 ${name}。此时仍可按字词搜索。`,
    reading: (done, total) => `正在读取第 ${integer(done + 1)} 段，共 ${integer(total)} 段。此时仍可按字词搜索。`,
    ready: (name) => `正在用 ${name} 按字词和含义搜索。`,
    failed: (problem, name) => `${problem}：${name}。仍按字词搜索。`,
    short: (now) =>
      now.phase === "reading" ? `含义：${integer(now.done)}/${integer(now.total)} 段` : { none: "", offered: "", loading: "正在加载按含义搜索", ready: "按字词和含义", failed: "无法按含义搜索" }[now.phase],
  },
  question: {
    form: "你的问题",
    label: "向你的文档提问",
    placeholder: "你想知道什么？",
    search: "搜索",
    stop: "停止",
    stopping: "正在停止…",
    answers: "让模型根据找到的内容回答",
    unable: {
      demo: "演示模型只会写帖子，因此只会列出找到的段落。想得到回答，请换用真正的 Gemma：见页面顶部。",
      none: "没有模型在运行，因此只会列出找到的段落。",
    },
  },
  empty: {
    title: "向自己的文档提问",
    sentence: "添加说明书、合同或笔记：搜索在此浏览器中进行，不会发送任何内容。先列出找到的段落，模型再据此回答，并注明来源。",
    example: "示例",
    found: "找到于",
    tryIt: "用这份文档试试",
    ready: "文档已就绪。用自己的话提问：先列出找到的段落。",
  },
  answer: {
    title: "回答",
    log: "回答内容",
    awaited: "模型就绪后开始回答。",
    copy: "连同来源复制",
    copied: "已复制",
    selected: (key) => `已选中：按 ${key} C`,
    save: "保存为 Markdown",
    again: "再答一次",
    sources: "来源",
    source: (number) => `来源 ${integer(number)}`,
    gone: "这份文档已不在这里。当时提供给模型的内容是：",
    uncited: "回答没有注明所给的任何段落。请对照段落核对。",
    invented: "回答可能有误：请核对来源。",
    nothing: "模型什么也没说。",
    noRoom: "问题加上一个段落就超出了模型的上下文。请缩短问题，或在“详情”中提高 token 上限。",
    endings: {
      model: "",
      limit: "回答出现重复或过长，页面在此结束了它。",
      context: "上下文已满，回答到此为止。",
      stopped: "你在此停止了回答。",
      lost: "回答在此中断。",
    },
    by: (model) => `由 ${model} 回答`,
  },
  found: {
    title: "找到的段落",
    count: (count, passages, meant) => line([`${integer(passages)} 个段落中的 ${integer(count)} 个`, meant && "按字词和含义"]),
    nothing: { words: "什么也没找到。请换些词：搜索匹配的是词语，不是含义。", meanings: "按字词和含义都什么也没找到。文档讲的似乎是别的内容。" },
    weak: {
      words: {
        unasked: "文档中没有像答案的内容，因此没有询问模型。以下段落含有问题中的词最多。",
        alone: "文档中没有像答案的内容。以下段落含有问题中的词最多。",
      },
      near: {
        unasked: "以下段落很少含有问题中的词，但含义与问题最接近。请看看是否回答了问题；没有询问模型。",
        alone: "以下段落很少含有问题中的词，但含义与问题最接近。请看看是否回答了问题。",
      },
      far: {
        unasked: "文档中没有与问题含义相近的内容，因此没有询问模型。这些段落只含有问题中的字词。",
        alone: "文档中没有与问题含义相近的内容。这些段落只含有问题中的字词。",
      },
    },
    anyway: "仍然据此回答",
    ask: "据此回答",
    none: "请先添加一份文档。",
    openAt: (where) => `打开 ${where}`,
  },
  reader: {
    back: "返回",
    page: (page) => `第 ${integer(page)} 页`,
    before: "显示前文",
    after: "显示后文",
  },
  history: {
    title: (count) => `之前的回答 · ${integer(count)}`,
    copy: "复制",
    deleted: "回答已删除。",
    sure: (count) => (count === 1 ? "永久删除这个回答？" : `永久删除全部 ${integer(count)} 个回答？`),
    file: "来自我的文档的回答",
    about: ({ at, model }) => line([format.moment(at), model]),
  },
  figures: {
    title: "上一次搜索与回答",
    searched: "搜索的段落",
    search: "搜索",
    sent: "提供给模型的段落",
    read: "提示词 token",
    first: "首段文字",
    decode: "解码",
    written: "写出的 token",
  },
};

/** @type {Record<import('../../tasks/documents/document.js').DocumentError['code'], (detail: string) => string>} */
const problems = {
  empty: () => "里面没有文字。扫描的页面是图片，需要先用文字识别程序转换。",
  "too-large": () => "它太大了。",
  "too-long": (pages) => (pages ? `它有 ${pages} 页，太长了。` : "它太长了。请分几部分添加。"),
  "unknown-kind": (ending) => (ending === "doc" ? "它是旧版 Word 文件。请另存为 .docx。" : `它不是 PDF、Word（.docx）、Markdown、HTML 或文本${ending && `（.${ending}）`}。`),
  damaged: (detail) => `无法读取${detail && `（${detail}）`}。`,
  encrypted: () => "它受密码保护。请另存为没有密码的文件。",
  "too-many": () => "没有空间容纳更多文档。请先移除一些。",
  "no-library": () => "读取此类文件的程序无法加载。请确认服务器仍在运行。",
};
