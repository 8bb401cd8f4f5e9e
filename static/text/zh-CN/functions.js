// @ts-check
/** What the functions say, in Simplified Chinese. */

import { format, integer, line } from "./words.js";

/** Of the page's tools, by the names that the model writes. @type {Record<string, {title: string, sentence: string}>} */
const tools = {
  get_time: { title: "时钟", sentence: "本地或某个城市的时间、日期和星期。" },
  calculate: { title: "计算器", sentence: "精确计算：0.1 + 0.2 等于 0.3。" },
  convert_units: { title: "单位", sentence: "长度、质量、温度、体积等。" },
  set_theme: { title: "页面外观", sentence: "浅色、深色或跟随系统。" },
  set_language: { title: "页面语言", sentence: "页面支持的语言之一。" },
  search_documents: { title: "你的文档", sentence: "搜索你在“文档”里添加的内容。" },
};

/** Of a tool. @param {string} name */
const titleOf = (name) => (Object.hasOwn(tools, name) ? tools[name].title : name);

/** @type {import('../languages.js').Spoken<typeof import('../en/functions.js').functions>} */
export const functions = {
  region: "函数",
  tools,
  titleOf,
  shelf: {
    title: "函数",
    count: (on, all) => `函数（${integer(on)} / ${integer(all)}）`,
    sentence: "模型只知道勾选的函数，而且只能提出调用：在你允许之前，什么都不会运行。",
    own: "自定义：结果由你自己填写。",
    always: "在本次对话中始终允许",
    ask: "重新询问",
    askAgain: (name) => `运行${titleOf(name)}前重新询问`,
    edit: "编辑",
    editOne: (name) => `编辑 ${name}`,
    remove: "删除",
    removeReally: "再按一次即删除",
    removeOne: (name) => `删除 ${name}`,
    add: "添加自定义函数",
    editing: "自定义函数",
    label: "名称、说明和参数，用 JSON 和 JSON Schema 书写",
    help: "页面不会为它运行任何东西。模型调用它时，你会看到参数并填写结果：有 returns 时是表单，否则是一段文字。",
    keep: "保留",
    cancel: "取消",
    refused: ({ code, detail }) => problems[code](detail),
  },
  composer: {
    form: "你的问题",
    label: "要做什么",
    placeholder: "80 的 15% 是多少？12 公里是多少英里？",
    ask: "提问",
    stop: "停止",
    stopping: "正在停止…",
    fresh: "新对话",
    waiting: "模型的调用在等你决定，在此之前什么都不会运行。",
    checking: "模型正在书写…",
    forgotten: (count) => `上下文已满，模型不再看到最早的 ${integer(count)} 个问题。`,
    none: "没有勾选任何函数，模型只能自己回答。",
  },
  unable: {
    title: "演示模型不会调用函数",
    sentence: "它只会写帖子。请获取一个学过调用函数的模型，例如 Qwen3 0.6B（0.6 GB），并改用它：",
    command: "onpage fetch qwen3-0.6b\nonpage serve --model qwen3-0.6b",
  },
  empty: {
    title: "让模型使用时钟、计算器和你的文档",
    sentence: "模型提出调用，由你决定是否允许，它再根据结果回答。一切都在本页面内进行。",
    small: "小模型常常调用错误的函数，或者一个也不调用。学过调用、有 6 亿以上权重的模型更可靠。",
    example: "看起来是这样",
    tryIt: "试试这些",
  },
  questions: ["1,249.90 的 15% 是多少？", "42.195 公里是多少英里？", "东京现在几点？", "把这个页面变成深色。"],
  call: {
    group: (name) => `调用${titleOf(name)}`,
    states: { waiting: "可以运行吗？", running: "正在运行…", done: "完成", failed: "未能完成", refused: "未获允许", wrong: "无法使用" },
    automatic: "始终允许",
    edited: "使用你改过的参数",
    arguments: "参数",
    none: "没有参数",
    result: "结果",
    yourResult: "你的结果",
    give: "提交这个结果",
    allow: "允许",
    always: "在本次对话中始终允许",
    refuse: "拒绝",
    change: "修改参数",
    changing: "参数（JSON）",
    allowThese: "允许这些参数",
    keep: "保持原样",
    problem: (problem) => `这些参数无法使用。${problem}`,
    yes: "是",
    no: "否",
    unreadable: "无法读取的调用",
  },
  exchange: {
    you: "你",
    log: "回答内容",
    copy: "复制",
    copied: "已复制",
    selected: (key) => `已选中：请按 ${key} C`,
    save: "保存为 Markdown",
    again: "再试一次",
    nothing: "模型什么也没说。",
    uncalled: "模型没有调用函数。",
    by: (model) => `回答：${model}`,
    endings: {
      model: "",
      stopped: "你在这里停止了。",
      limit: "回答开始重复或变得太长，页面在这里结束了它。",
      context: "上下文已满，回答到此为止。",
      lost: "未完成：引擎或页面中断了。",
      rounds: "模型一再调用函数，页面在这里结束了它。",
      wrong: "指出错误之后，模型又写了无法使用的调用，页面在这里结束了它。",
      "no-room": "这超出了模型的上下文。请少勾选一些函数，开始新对话，或在“详情”中调高 token 上限。",
      unchecked: "页面未能加载检查参数的程序，因此什么都没有运行。请确认服务器在运行，然后再试一次。",
    },
    called: ({ name, state }) => line([`${titleOf(name)}（${name}）`, functions.call.states[state]]),
  },
  figures: { title: "最近的回答" },
  history: {
    title: (count) => `以前的对话 · ${integer(count)}`,
    copy: "复制",
    deleted: "对话已删除。",
    sure: (count) => (count === 1 ? "要永久删除这个对话吗？" : `要永久删除全部 ${integer(count)} 个对话吗？`),
    file: "使用函数的对话",
    about: ({ at, model, called }) => line([format.moment(at), model, called.map(titleOf).join("、")]),
  },
};

/** @type {Record<import('../../tasks/functions/own_tool.js').Problem, (detail: string) => string>} */
const problems = {
  "not-json": (detail) => `这不是有效的 JSON${detail && `：${detail}`}。`,
  name: (detail) => `名称“${detail}”无法使用：以字母开头，只含字母、数字和 _，最多 48 个字符。`,
  taken: (detail) => `已经有名为 ${detail} 的函数。`,
  description: () => "说明是一段最多 1,000 个字符的文字。",
  parameters: (where) => `${where} 应是 type 为 object 的 JSON Schema。`,
  property: (detail) => `参数“${detail}”无法使用：以字母开头，只含字母、数字、_ 和 -，最多 48 个字符。`,
  pattern: () => "其中有 pattern。有些会让浏览器忙上几分钟，因此一概不运行：请用 enum、format 或 maxLength。",
  reference: (detail) => `它引用了 ${detail}。页面不会获取任何东西：请全部写出来。`,
  "too-large": () => "对小模型来说太大：最多 6,000 个字符、八层。",
};
