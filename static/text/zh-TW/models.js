// @ts-check
/** What the models' page says, in Traditional Chinese, as it is written in Taiwan. */

import { format, integer, size } from "./words.js";

export const models = {
  region: "模型",
  /** In place of the menu, for those who look for more. */
  all: "所有模型",
  here: "這部裝置和伺服器上的模型",
  published: "已發布，但這部伺服器沒有的模型",
  how: "頁面無法自行下載這些模型。請在終端機執行指令，再以 --model 加上 id 啟動 onpage serve。",
  /** @param {{usage: number, quota: number}} storage bytes */
  storage: ({ usage, quota }) => `這個頁面使用了瀏覽器允許的 ${size(quota)} 中的 ${size(usage)}。`,
  lasting: "磁碟已滿時，瀏覽器也會保留它們。",
  notLasting: "磁碟已滿時，瀏覽器可能會全部刪除。",
  rule: "新模型沒有空間時，最久未使用的模型會被刪除。",
  persist: "請瀏覽器保留模型",
  file: "匯入檔案",
  folder: "匯入資料夾",
  take: "為瀏覽器製作的 .task、.litertlm 或 .bin 檔案，或者 Gemma 1 至 4、3n（來自 Hugging Face 的資料夾或 GGUF 檔案，在這裡轉換；一起選擇 LoRA 適配器的資料夾則會合併）。一切都在這裡讀取，不會傳送到任何地方。",
  conversion: {
    /** @param {string} name of the folder */
    asked: (name) => `${name} 是一個檢查點。要為此瀏覽器轉換它嗎？`,
    /** @param {string} name of the folder @param {string} adapter of its folder */
    askedMerged: (name, adapter) => `${name} 是一個檢查點。要將適配器 ${adapter} 合併到權重中，並為此瀏覽器轉換它嗎？`,
    adapter: "要合併的適配器",
    noAdapter: "無：檢查點保持原樣",
    bits: {
      8: "8 位元：每個權重約一個位元組，回答與檢查點幾乎相同",
      q4_0: "4 位元：再小三分之一，回答明顯變差；Q4_0 的 GGUF 檔案會原樣轉入",
    },
    same: "轉換在此裝置上進行。以下指令會產生相同的檔案：",
    convert: "轉換",
    decline: "暫不",
    cancel: "取消",
  },
  nothingHere: "這裡還沒有模型。",
  /** @param {number} bytes */
  whole: (bytes) => `已在這個瀏覽器中，${size(bytes)}`,
  /** @param {number} bytes @param {number} total */
  part: (bytes, total) => `這個瀏覽器中有 ${size(total)} 中的 ${size(bytes)}`,
  absent: "不在這個瀏覽器中",
  /** @param {number} bytes */
  lent: (bytes) => `只需下載 ${size(bytes)}：其餘部分取自這裡的另一個模型`,
  elsewhere: "由其他網站共用，不佔用這裡的空間",
  imported: "從檔案匯入",
  unknown: "這部伺服器沒有這個模型",
  /** @param {number} bytes */
  about: (bytes) => `約 ${size(bytes)}`,
  noSize: "大小未公布",
  /** @param {number} tokens */
  context: (tokens) => `上下文 ${integer(tokens)} 個 token`,
  /** @param {number} bytes */
  onDemand: (bytes) => `其中 ${size(bytes)} 不佔用 GPU 記憶體`,
  /** @param {string} kinds */
  takes: (kinds) => `可輸入${kinds}`,
  /** @type {Record<string, string>} */
  kinds: { text: "文字", image: "影像", audio: "聲音" },
  /** What a model is for that writes nothing. */
  compares: "依意義搜尋文件",
  licence: "授權",
  gated: "需先接受授權",
  fits: "適合這部裝置。",
  /** @param {Pick<import('../../tasks/models/rows.js').Row, 'size' | 'most'>} row @returns {Record<import('../../tasks/models/rows.js').Unfit, string>} */
  unfit: ({ size: bytes, most }) => ({
    "no-webgpu": "它需要 WebGPU，而這個瀏覽器不提供。",
    software: "執行會很慢：這個瀏覽器找不到顯示卡。",
    memory: "這部裝置的記憶體可能放不下。",
    "no-room": `這個瀏覽器沒有空間保存它：需要 ${size(bytes ?? 0)}，即使刪除其他所有模型也只有 ${size(most)}。請釋放磁碟空間，或使用較小的模型。`,
  }),
  /** @param {string[]} models */
  evicts: (models) => {
    const names = format.list(models);
    return `為了騰出空間，將刪除 ${names}。`;
  },
  agree: "刪除並匯入",
  /** @param {{decode: number | null, prefill: number | null}} speed tokens per second */
  measured: ({ decode, prefill }) => {
    const rate = format.rate(decode);
    return `在此實測：解碼 ${rate}` + (prefill === null ? "" : ` · ${measuredPrefill(prefill)}`);
  },
  /** @param {{decode: number, device: string}} speed */
  quoted: ({ decode, device }) => {
    const rate = format.rate(decode);
    return `公布的數據：在 ${device} 上解碼 ${rate}`;
  },
  use: "使用",
  inUse: "使用中",
  download: "下載",
  resume: "繼續",
  pause: "暫停",
  check: "檢查",
  remove: "刪除",
  /** @param {number} count */
  removeReally: (count) => {
    const bytes = size(count);
    return `刪除 ${bytes}？無法復原`;
  },
  share: "與其他網站共用",
  doing: { keep: "正在下載", check: "正在檢查", import: "正在匯入", convert: "正在轉換" },
  /** @param {string} name */
  progress: (name) => `${name} 的進度`,
  /** A button of one model, for who does not see which. @param {string} act @param {string} name */
  of: (act, name) => `${act}：${name}`,
  /** @param {import('../../tasks/models/model_shelf.js').Said} said */
  said({ outcome, name, bytes = 0, most = null, refusal = "unknown", reason = "damaged", detail = "", names = [] }) {
    if (outcome === "unconverted") return unconverted(name, detail)[reason];
    if (outcome === "refused") return refusals(name)[refusal];
    if (outcome === "several") return `這裡有多個檢查點（${format.list(names)}）。請匯入其中一個的資料夾或檔案。`;
    if (outcome === "nothing") return nothing(name);
    return {
      kept: `${name} 已在這個瀏覽器中，雜湊值正確。`,
      paused: `${name} 已暫停。已收到的部分會保留。`,
      checked: `${name} 完好無損：雜湊值正確。`,
      damaged: `${name} 已損壞並刪除。請重新下載，或重新匯入檔案。`,
      failed: `無法取得 ${name}：${detail}`,
      "no-room": noRoom(name, bytes, most),
      elsewhere: `${name} 由其他網站共用，雜湊值正確。它從那裡執行，不佔用這裡的空間。`,
      deleted: `${name} 已刪除，騰出 ${size(bytes)}。`,
      "in-use": `${name} 未刪除：有分頁正在使用它。`,
      imported: `${name} 已匯入。按「使用」即可執行。${turns[detail] ?? ""}`,
      converted: detail ? `${name} 已合併適配器 ${detail} 並轉換，現在儲存在此瀏覽器中。按「使用」即可執行。` : `${name} 已轉換，現在儲存在此瀏覽器中。按「使用」即可執行。`,
      "made-room": `為騰出空間而刪除：${format.list(names)}。`,
      cancelled: `${name} 的轉換已取消，沒有儲存任何內容。`,
      known: `${name} 是清單中已有的模型，現已在這個瀏覽器中。`,
      shared: `知道其雜湊值的其他網站現在可以讀取 ${name}。`,
      "not-shared": `瀏覽器沒有共用 ${name}。`,
      lasting: "瀏覽器從現在起會保留模型。",
      "not-lasting": "瀏覽器沒有同意。這取決於你使用這個頁面的頻率；請安裝這個頁面或加入書籤，然後再試。",
    }[outcome];
  },
};

/** @param {number} prefill */
function measuredPrefill(prefill) {
  const rate = format.rate(prefill);
  return `預填充 ${rate}`;
}

/** How a file is asked that says no turns. @type {Record<string, string>} */
const turns = {
  usual: "它沒有說明其輪次如何書寫，因此按 Gemma 的方式提問。",
  none: "它沒有說明其輪次如何書寫，也不認識 Gemma 的輪次，因此只會收到你的文字。",
};

/** @param {string} kind of the files that were brought */
function nothing(kind) {
  if (kind === "adapter") return "這是沒有模型的 LoRA 適配器。請將其資料夾與它所針對的檢查點或 GGUF 檔案一起匯入。";
  return kind ? "這個資料夾是檢查點。請先用 onpage convert 製成瀏覽器用的檔案，再匯入。" : "這個資料夾中沒有模型檔案：需要 .task、.litertlm 或 .bin。";
}

/** @param {string} name @param {number} bytes @param {number | null} most */
function noRoom(name, bytes, most) {
  if (most === null) return `這個瀏覽器在這裡不給頁面儲存空間，因此無法保存 ${name}。請透過 localhost 或 https 開啟頁面，並且不要使用私密視窗。`;
  if (bytes > most) return `這個瀏覽器沒有空間保存 ${name}：需要 ${size(bytes)}，即使刪除其他所有模型也只有 ${size(most)}。請釋放磁碟空間，或選擇較小的模型。`;
  return `這個瀏覽器沒有為 ${name} 找到空間：需要 ${size(bytes)}，雖然它說可以有 ${size(most)}。磁碟已滿，或某個分頁正在使用其他模型。請釋放磁碟空間，關閉這個頁面的其他分頁，然後再試一次。`;
}

/** @param {string} name @returns {Record<import('../../engine/model_file.js').Refusal, string>} */
const refusals = (name) => ({
  gguf: `${name} 是 GGUF 檔案。請讓檔名以 .gguf 結尾，並單獨匯入它，此頁面就會轉換它。`,
  safetensors: `${name} 是檢查點的權重。請用 onpage convert 把它的資料夾製成瀏覽器用的檔案，再匯入。`,
  "bare-graph": `${name} 是沒有分詞器的計算圖，或是配接器。請用 onpage bundle 把計算圖合成一個檔案，再匯入。`,
  scales: `用 ${name} 時，引擎會寫出錯誤的文字：檔案裡的縮放係數比引擎讀取的多。請用 onpage convert 重新轉換模型，再匯入。`,
  "web-page": `${name} 是網頁，也許是登入頁面。請重新下載模型。`,
  pointer: `${name} 只是指向 Git LFS 中的檔案。請取得檔案本身。`,
  compressed: `${name} 是壓縮檔。請解壓縮後匯入其中的檔案。`,
  short: `${name} 太短，不可能是模型。請重新下載。`,
  unknown: `${name} 不是瀏覽器能執行的模型：需要網頁模型檔、.task 或 .litertlm。請用 onpage convert 製作。`,
});

/** @param {string} name @param {string} detail @returns {Record<import('../../convert/refusal.js').RefusalCode, string>} */
const unconverted = (name, detail) => ({
  incomplete: `無法轉換 ${name}：缺少 ${detail}。請下載它的所有檔案，並一起匯入。`,
  unreadable: `${name} 未被轉換：${detail} 在讀取期間被移動或變更。請重新選擇檔案。`,
  damaged: `無法轉換 ${name}：有檔案已損壞，或屬於另一個模型（${detail}）。請重新下載。`,
  family: `${name} 是另一種模型（${detail}）。此頁面只轉換用於文字的 Gemma 1 至 4、3n；其他模型請用 onpage convert。`,
  setting: `無法轉換 ${name}：用於瀏覽器的檔案無法表示此設定（${detail}）。`,
  quantized: `${name} 已經量化過（${detail}）。請使用它所依據的檢查點。`,
  types: `無法轉換 ${name}：無法讀取權重的類型（${detail}）。請將其儲存為 BF16、F16 或 F32。`,
  template: `${name} 的聊天範本在這裡無法讀成對話格式（${detail}）。onpage convert 能讀取更多範本，也可以由您指定格式。`,
  tokenizer: `此頁面無法使用 ${name} 的分詞器（${detail}）。請用 onpage convert 轉換，它會說明得更詳細。`,
  adapter: `無法將 ${name} 與此適配器一起轉換：它變更的內容超出此頁面能合併的範圍，或屬於另一個模型（${detail}）。onpage convert --merge-lora 會說明詳情。`,
  large: `無法轉換 ${name}：${detail} 對用於瀏覽器的檔案來說太大。`,
  "not-finite": `無法轉換 ${name}：${detail} 中有不能使用的數值。`,
  unexpected: `未能轉換 ${name}：此瀏覽器出了問題，可能是記憶體不足。請重新載入頁面再試，或用 onpage convert 轉換。`,
});
