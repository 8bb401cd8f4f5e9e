// @ts-check
/** What the pictures and sounds say, in Traditional Chinese. */

import { format, integer, line, size } from "./words.js";

/** @type {Record<string, string>} */
const names = { describe: "描述圖片", ask: "提問", transcribe: "記錄語音", translate: "翻譯語音" };

/** @type {import('../languages.js').Spoken<typeof import('../en/senses.js').senses>} */
export const senses = {
  region: "看和聽",
  templates: "做什麼",
  name: (id) => names[id] ?? id,
  add: "加入檔案",
  camera: "相機",
  microphone: "麥克風",
  take: "拍照",
  end: "結束",
  seen: "相機畫面",
  recording: (seconds, most) => `正在錄音：${integer(seconds)} / ${integer(most)} 秒`,
  question: "你的問題",
  language: "語言",
  sample: "用這張圖片試試",
  limits: (images, seconds) => `最多 ${integer(images)} 張圖片和 ${integer(seconds)} 秒聲音，也可以貼上或拖放。它們只留在這個分頁裡。`,
  remove: (name) => `移除 ${name}`,
  picture: (name, tokens) => line([name, `${integer(tokens)} 個詞元`]),
  sound: (name, seconds, tokens, cut) => line([name, cut ? `開頭 ${integer(seconds)} 秒` : `${integer(seconds)} 秒`, `${integer(tokens)} 個詞元`]),
  meter: (tokens, room) => `${integer(tokens)} / ${integer(room)} 個詞元`,
  tooLong: "放不進模型的上下文。請移除一張圖片，或在「詳細資料」裡提高最大詞元數。",
  run: "問模型",
  stop: "停止",
  stopping: "正在停止…",
  missing: { image: "請先加入一張圖片。", audio: "請先加入一段錄音。", either: "請先加入圖片或錄音。", question: "請先輸入問題。" },
  ability: {
    load: (model, bytes) => `${model} 可以做到，但目前只載入了文字部分。載入其餘部分要重新讀取模型（${size(bytes)}），佔用更多顯示記憶體；其間不能使用適配器。`,
    loadIt: "載入",
    other: (model) => `這個模型只接受文字。${model} 可以做到。`,
    switchTo: (model, bytes) => `載入 ${model}，${size(bytes)}`,
    none: "這裡沒有能看圖片或聽聲音的模型。Gemma 3n 可以，需要 GPU。請在伺服器上執行：",
    loaded: "已載入圖片和聲音部分。",
    unload: "恢復為只用文字",
  },
  answer: {
    title: "回答",
    log: "回答",
    empty: "給模型看一張圖片，或讓它聽幾句話。不會傳送到任何地方。",
    example: "範例（人工撰寫）",
    exampleText: "綠色的門上有一塊牌子：「麵包店，8–14 點營業，週一休息」。門旁停著一輛帶籃子的紅色腳踏車。",
    by: (model) => `由 ${model} 產生`,
    copy: "複製",
    copied: "已複製",
    selected: (key) => `已選取：請按 ${key} C`,
    again: "再試一次",
    nothing: "模型什麼也沒說。",
    endings: { model: "", limit: "回答出現重複或過長，頁面在此結束了它。", context: "上下文已滿。", stopped: "你在這裡停止了回答。", lost: "回答在這裡中斷。" },
  },
  history: {
    title: (count) => `以前的回答 · ${integer(count)}`,
    deleted: "回答已刪除。",
    sure: (count) => `要永久刪除${count === 1 ? "這個回答" : `全部 ${integer(count)} 個回答`}嗎？`,
    file: "關於圖片和聲音的回答",
    about: ({ at, template, model }) => line([names[template], format.moment(at), model]),
  },
  figures: { title: "上一個回答" },
  problems: {
    "unknown-kind": "這既不是圖片（PNG、JPEG、WebP、AVIF、GIF、BMP），也不是此瀏覽器能播放的聲音。",
    "too-large": "檔案太大：圖片最大 50 MB，聲音最大 16 MB。",
    "too-many-pixels": "這張圖片超過 6400 萬像素，請縮小。",
    "too-long": "這段聲音超過十分鐘，請擷取需要的部分。",
    damaged: "無法讀取這個檔案，它可能已損壞。",
    silent: "裡面沒有聲音。",
    "too-many": "圖片數量已達模型上限，請先移除一張。",
    denied: "瀏覽器不允許此頁面使用它。請在網址旁允許，然後再試。",
    "no-device": "這台裝置沒有，或沒有連接。",
    busy: "其他程式正在使用它，或它沒有回應。",
    insecure: "瀏覽器只允許 localhost 和 https 使用相機和麥克風。",
  },
};
