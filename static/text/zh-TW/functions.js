// @ts-check
/** What the functions say, in Traditional Chinese. */

import { format, integer, line } from "./words.js";

/** Of the page's tools, by the names that the model writes. @type {Record<string, {title: string, sentence: string}>} */
const tools = {
  get_time: { title: "時鐘", sentence: "本地或某個城市的時間、日期和星期。" },
  calculate: { title: "計算機", sentence: "精確計算：0.1 + 0.2 等於 0.3。" },
  convert_units: { title: "單位", sentence: "長度、質量、溫度、體積等。" },
  set_theme: { title: "頁面外觀", sentence: "淺色、深色或跟隨系統。" },
  set_language: { title: "頁面語言", sentence: "頁面支援的語言之一。" },
  search_documents: { title: "你的文件", sentence: "搜尋你在「文件」裡加入的內容。" },
};

/** Of a tool. @param {string} name */
const titleOf = (name) => (Object.hasOwn(tools, name) ? tools[name].title : name);

/** @type {import('../languages.js').Spoken<typeof import('../en/functions.js').functions>} */
export const functions = {
  region: "函式",
  tools,
  titleOf,
  shelf: {
    title: "函式",
    count: (on, all) => `函式（${integer(on)} / ${integer(all)}）`,
    sentence: "模型只知道勾選的函式，而且只能提出呼叫：在你允許之前，什麼都不會執行。",
    own: "自訂：結果由你自己填寫。",
    always: "在這個對話中一律允許",
    ask: "重新詢問",
    askAgain: (name) => `執行${titleOf(name)}前重新詢問`,
    edit: "編輯",
    editOne: (name) => `編輯 ${name}`,
    remove: "刪除",
    removeReally: "再按一次即刪除",
    removeOne: (name) => `刪除 ${name}`,
    add: "加入自訂函式",
    editing: "自訂函式",
    label: "名稱、說明和引數，用 JSON 和 JSON Schema 撰寫",
    help: "頁面不會為它執行任何東西。模型呼叫它時，你會看到引數並填寫結果：有 returns 時是表單，否則是一段文字。",
    keep: "保留",
    cancel: "取消",
    refused: ({ code, detail }) => problems[code](detail),
  },
  composer: {
    form: "你的問題",
    label: "要做什麼",
    placeholder: "80 的 15% 是多少？12 公里是多少英里？",
    ask: "提問",
    stop: "停止",
    stopping: "正在停止…",
    fresh: "新對話",
    waiting: "模型的呼叫在等你決定，在此之前什麼都不會執行。",
    checking: "模型正在撰寫…",
    forgotten: (count) => `上下文已滿，模型不再看到最早的 ${integer(count)} 個問題。`,
    none: "沒有勾選任何函式，模型只能自己回答。",
  },
  unable: {
    title: "示範模型不會呼叫函式",
    sentence: "它只會寫貼文。請取得一個學過呼叫函式的模型，例如 Qwen3 0.6B（0.6 GB），並改用它：",
    command: "onpage fetch qwen3-0.6b\nonpage serve --model qwen3-0.6b",
  },
  empty: {
    title: "讓模型使用時鐘、計算機和你的文件",
    sentence: "模型提出呼叫，由你決定是否允許，它再根據結果回答。一切都在本頁面內進行。",
    small: "小模型常常呼叫錯誤的函式，或者一個也不呼叫。學過呼叫、有 6 億以上權重的模型更可靠。",
    example: "看起來是這樣",
    tryIt: "試試這些",
  },
  questions: ["1,249.90 的 15% 是多少？", "42.195 公里是多少英里？", "東京現在幾點？", "把這個頁面變成深色。"],
  call: {
    group: (name) => `呼叫${titleOf(name)}`,
    states: { waiting: "可以執行嗎？", running: "正在執行…", done: "完成", failed: "未能完成", refused: "未獲允許", wrong: "無法使用" },
    automatic: "一律允許",
    edited: "使用你改過的引數",
    arguments: "引數",
    none: "沒有引數",
    result: "結果",
    yourResult: "你的結果",
    give: "送出這個結果",
    allow: "允許",
    always: "在這個對話中一律允許",
    refuse: "拒絕",
    change: "修改引數",
    changing: "引數（JSON）",
    allowThese: "允許這些引數",
    keep: "保持原樣",
    problem: (problem) => `這些引數無法使用。${problem}`,
    yes: "是",
    no: "否",
    unreadable: "無法讀取的呼叫",
  },
  exchange: {
    you: "你",
    log: "回答內容",
    copy: "複製",
    copied: "已複製",
    selected: (key) => `已選取：請按 ${key} C`,
    save: "儲存為 Markdown",
    again: "再試一次",
    nothing: "模型什麼也沒說。",
    uncalled: "模型沒有呼叫函式。",
    by: (model) => `回答：${model}`,
    endings: {
      model: "",
      stopped: "你在這裡停止了。",
      limit: "回答開始重複或變得太長，頁面在這裡結束了它。",
      context: "上下文已滿，回答到此為止。",
      lost: "未完成：引擎或頁面中斷了。",
      rounds: "模型一再呼叫函式，頁面在這裡結束了它。",
      wrong: "指出錯誤之後，模型又寫了無法使用的呼叫，頁面在這裡結束了它。",
      "no-room": "這超出了模型的上下文。請少勾選一些函式，開始新對話，或在「詳細資料」中調高 token 上限。",
      unchecked: "頁面未能載入檢查引數的程式，因此什麼都沒有執行。請確認伺服器在執行，然後再試一次。",
    },
    called: ({ name, state }) => line([`${titleOf(name)}（${name}）`, functions.call.states[state]]),
  },
  figures: { title: "最近的回答" },
  history: {
    title: (count) => `以前的對話 · ${integer(count)}`,
    copy: "複製",
    deleted: "對話已刪除。",
    sure: (count) => (count === 1 ? "要永久刪除這個對話嗎？" : `要永久刪除全部 ${integer(count)} 個對話嗎？`),
    file: "使用函式的對話",
    about: ({ at, model, called }) => line([format.moment(at), model, called.map(titleOf).join("、")]),
  },
};

/** @type {Record<import('../../tasks/functions/own_tool.js').Problem, (detail: string) => string>} */
const problems = {
  "not-json": (detail) => `這不是有效的 JSON${detail && `：${detail}`}。`,
  name: (detail) => `名稱「${detail}」無法使用：以字母開頭，只含字母、數字和 _，最多 48 個字元。`,
  taken: (detail) => `已經有名為 ${detail} 的函式。`,
  description: () => "說明是一段最多 1,000 個字元的文字。",
  parameters: (where) => `${where} 應是 type 為 object 的 JSON Schema。`,
  property: (detail) => `引數「${detail}」無法使用：以字母開頭，只含字母、數字、_ 和 -，最多 48 個字元。`,
  pattern: () => "其中有 pattern。有些會讓瀏覽器忙上幾分鐘，因此一概不執行：請用 enum、format 或 maxLength。",
  reference: (detail) => `它引用了 ${detail}。頁面不會取得任何東西：請全部寫出來。`,
  "too-large": () => "對小模型來說太大：最多 6,000 個字元、八層。",
};
