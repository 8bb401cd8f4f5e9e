// @ts-check
/** What the documents say, in Traditional Chinese. */

import { format, integer, line, size } from "./words.js";

/** @type {Record<import('../../tasks/documents/kinds.js').Kind, string>} */
const kinds = { pdf: "PDF", docx: "Word", markdown: "Markdown", html: "HTML", text: "純文字" };

/** @param {{headings: string[], page: number, name?: string}} source */
const place = ({ name, headings, page }) => line([name, headings.slice(-2).join(" › "), page > 0 && `第 ${integer(page)} 頁`]);

/** @type {import('../languages.js').Spoken<typeof import('../en/documents.js').documents>} */
export const documents = {
  region: "文件",
  place,
  shelf: {
    title: "文件",
    count: (count) => (count ? `文件（${integer(count)}）` : "文件"),
    add: "加入檔案",
    paste: "貼上文字",
    pasteLabel: "文字內容，支援 Markdown",
    pasteName: "名稱",
    pasted: "貼上的文字",
    keep: "加入",
    cancel: "取消",
    remove: "移除",
    removeReally: "再按一次移除",
    removeOne: (name) => `移除 ${name}`,
    about: ({ kind, pages, characters, passages }) =>
      line([kinds[kind], pages ? `${integer(pages)} 頁` : `${integer(Math.max(1, Math.round(characters / 1000)))} 千字元`, `${integer(passages)} 個段落`]),
    limits: (files, characters, bytes) =>
      `支援 PDF、Word（.docx）、Markdown、HTML 和純文字，每個最大 ${size(bytes)}；總共最多 ${integer(files)} 份文件、${integer(characters / 1e4)} 萬字元。它們留在這個瀏覽器中。掃描的頁面沒有可搜尋的文字。`,
    adding: ({ name, page, pages, waiting }) => line([pages ? `正在讀取 ${name}：第 ${integer(page)} 頁，共 ${integer(pages)} 頁` : `正在讀取 ${name}`, waiting > 0 && `還有 ${integer(waiting)} 個`]),
    progress: "正在讀取文件",
    refused: ({ name, code, detail }) => `沒有加入 ${name}：${problems[code](detail)}`,
  },
  meaning: {
    title: "依意義搜尋",
    progress: "依意義搜尋的進度",
    offered: (name, bytes) => `除了依字詞搜尋，還能找到換一種說法的段落。需要第二個模型 ${name}（${size(bytes)}），在本裝置的處理器上執行。`,
    start: "也依意義搜尋",
    again: "再試一次",
    remove: "關閉",
    sizes: "每段的數值個數",
    size: (numbers) => `${integer(numbers)}（${integer(1000)} 段占 ${size(4000 * numbers)}）`,
    sizesHelp: "數值越少，佔用的記憶體越少，搜尋越快，但找得略差一些。",
    loading: (name) => `正在載入 ${name}。此時仍可依字詞搜尋。`,
    reading: (done, total) => `正在讀取第 ${integer(done + 1)} 段，共 ${integer(total)} 段。此時仍可依字詞搜尋。`,
    ready: (name) => `正以 ${name} 依字詞與意義搜尋。`,
    failed: (problem, name) => `${problem}：${name}。仍依字詞搜尋。`,
    short: (now) =>
      now.phase === "reading" ? `意義：${integer(now.done)}/${integer(now.total)} 段` : { none: "", offered: "", loading: "正在載入依意義搜尋", ready: "依字詞與意義", failed: "無法依意義搜尋" }[now.phase],
  },
  question: {
    form: "你的問題",
    label: "向你的文件提問",
    placeholder: "你想知道什麼？",
    search: "搜尋",
    stop: "停止",
    stopping: "正在停止…",
    answers: "讓模型根據找到的內容回答",
    unable: {
      demo: "示範模型只會寫貼文，因此只會列出找到的段落。想得到回答，請換用真正的 Gemma：見頁面頂端。",
      none: "沒有模型在執行，因此只會列出找到的段落。",
    },
  },
  empty: {
    title: "向自己的文件提問",
    sentence: "加入說明書、合約或筆記：搜尋在這個瀏覽器中進行，不會傳送任何內容。先列出找到的段落，模型再據此回答，並註明來源。",
    example: "範例",
    found: "出自",
    tryIt: "用這份文件試試",
    ready: "文件已就緒。用自己的話提問：先列出找到的段落。",
  },
  answer: {
    title: "回答",
    log: "回答內容",
    awaited: "模型就緒後開始回答。",
    copy: "連同來源複製",
    copied: "已複製",
    selected: (key) => `已選取：按 ${key} C`,
    save: "儲存為 Markdown",
    again: "再答一次",
    sources: "來源",
    source: (number) => `來源 ${integer(number)}`,
    gone: "這份文件已不在這裡。當時提供給模型的內容是：",
    uncited: "回答沒有註明所給的任何段落。請對照段落核對。",
    invented: "回答可能有誤：請核對來源。",
    nothing: "模型什麼也沒說。",
    noRoom: "問題加上一個段落就超出了模型的上下文。請縮短問題，或在「詳細資料」中提高 token 上限。",
    endings: {
      model: "",
      limit: "回答出現重複或過長，頁面在此結束了它。",
      context: "上下文已滿，回答到此為止。",
      stopped: "你在此停止了回答。",
      lost: "回答在此中斷。",
    },
    by: (model) => `由 ${model} 回答`,
  },
  found: {
    title: "找到的段落",
    count: (count, passages, meant) => line([`${integer(passages)} 個段落中的 ${integer(count)} 個`, meant && "依字詞與意義"]),
    nothing: { words: "什麼也沒找到。請換個說法：搜尋比對的是詞語，不是含義。", meanings: "依字詞和意義都什麼也沒找到。文件談的似乎是別的內容。" },
    weak: {
      words: {
        unasked: "文件中沒有像答案的內容，因此沒有詢問模型。以下段落含有問題中的詞最多。",
        alone: "文件中沒有像答案的內容。以下段落含有問題中的詞最多。",
      },
      near: {
        unasked: "以下段落很少含有問題中的詞，但意義與問題最接近。請看看是否回答了問題；沒有詢問模型。",
        alone: "以下段落很少含有問題中的詞，但意義與問題最接近。請看看是否回答了問題。",
      },
      far: {
        unasked: "文件中沒有與問題意義相近的內容，因此沒有詢問模型。這些段落只含有問題中的字詞。",
        alone: "文件中沒有與問題意義相近的內容。這些段落只含有問題中的字詞。",
      },
    },
    anyway: "仍然據此回答",
    ask: "據此回答",
    none: "請先加入一份文件。",
    openAt: (where) => `開啟 ${where}`,
  },
  reader: {
    back: "返回",
    page: (page) => `第 ${integer(page)} 頁`,
    before: "顯示前文",
    after: "顯示後文",
  },
  history: {
    title: (count) => `先前的回答 · ${integer(count)}`,
    copy: "複製",
    deleted: "回答已刪除。",
    sure: (count) => (count === 1 ? "要永久刪除這個回答嗎？" : `要永久刪除全部 ${integer(count)} 個回答嗎？`),
    file: "出自我的文件的回答",
    about: ({ at, model }) => line([format.moment(at), model]),
  },
  figures: {
    title: "上一次搜尋與回答",
    searched: "搜尋的段落",
    search: "搜尋",
    sent: "提供給模型的段落",
    read: "提示詞 token",
    first: "首段文字",
    decode: "解碼",
    written: "寫出的 token",
  },
};

/** @type {Record<import('../../tasks/documents/document.js').DocumentError['code'], (detail: string) => string>} */
const problems = {
  empty: () => "裡面沒有文字。掃描的頁面是圖片，需要先用文字辨識軟體轉換。",
  "too-large": () => "它太大了。",
  "too-long": (pages) => (pages ? `它有 ${pages} 頁，太長了。` : "它太長了。請分幾部分加入。"),
  "unknown-kind": (ending) => (ending === "doc" ? "它是舊版 Word 檔案。請另存為 .docx。" : `它不是 PDF、Word（.docx）、Markdown、HTML 或純文字${ending && `（.${ending}）`}。`),
  damaged: (detail) => `無法讀取${detail && `（${detail}）`}。`,
  encrypted: () => "它受密碼保護。請另存為沒有密碼的檔案。",
  "too-many": () => "沒有空間容納更多文件。請先移除一些。",
  "no-library": () => "讀取這類檔案的程式無法載入。請確認伺服器仍在執行。",
};
