// @ts-check
/**
 * What the page says, in Traditional Chinese, as it is written in Taiwan.
 *
 * Words used throughout: model 模型, engine 引擎, adapter 適配器, prompt 提示詞, token token, context 上下文, seed 種子, temperature 溫度,
 * precision 精度, processor 處理器, GPU GPU, browser 瀏覽器, server 伺服器, device 裝置, download 下載, load 載入, file 檔案, tab 分頁,
 * data 資料, post 貼文, chat 對話, lab 實驗室, document 文件, passage 段落, source 來源, answer 回答, instruction 指示, template 範本,
 * settings 設定, default 預設, keep 保留, delete 刪除, storage 儲存空間. The reader is 你. A space stands between Chinese and Latin letters or
 * figures, none beside full-width marks; quotation marks are 「」.
 */

import { chat } from "./zh-TW/chat.js";
import { documents } from "./zh-TW/documents.js";
import { functions } from "./zh-TW/functions.js";
import { lab } from "./zh-TW/lab.js";
import { models } from "./zh-TW/models.js";
import { post } from "./zh-TW/post.js";
import { senses } from "./zh-TW/senses.js";
import { format, integer, line, size, wait } from "./zh-TW/words.js";

export { format };

/** @param {{loaded: number, total: number}} progress */
const bytes = ({ loaded, total }) => `${size(loaded)} / ${size(total)}`;

/** @type {typeof import('./en.js').PROBLEMS} */
export const PROBLEMS = {
  "insecure-origin": {
    title: "這個網址無法使用 GPU",
    sentence: "瀏覽器只允許安全的網址使用 WebGPU。如果伺服器就在這台電腦上，請開啟 http://localhost；否則請透過 HTTPS 提供這個頁面。",
    wayOn: "localhost",
    action: "在 localhost 開啟",
  },
  "no-webgpu": {
    title: "這個瀏覽器沒有 WebGPU",
    sentence: "這個模型需要 WebGPU，但這個瀏覽器沒有。以下瀏覽器支援：",
    wayOn: "reload-page",
    action: "再檢查一次",
    steps: [
      "Windows、macOS 或 ChromeOS 上的 Chrome 或 Edge 113 以上版本：不需設定。",
      "Linux 上的 Chrome：開啟 chrome://flags/#enable-unsafe-webgpu，選擇 Enabled，再重新啟動 Chrome。",
      "macOS、iOS 或 iPadOS 上的 Safari 26 以上版本：不需設定。",
      "Windows 上的 Firefox 141 以上版本：不需設定；其他系統請在 about:config 啟用 dom.webgpu.enabled。",
    ],
  },
  "no-adapter": {
    title: "找不到可用的 GPU",
    sentence: "這個瀏覽器支援 WebGPU，但找不到可用的顯示卡。",
    wayOn: "reload-page",
    action: "再檢查一次",
    steps: [
      "在瀏覽器的系統設定中開啟「可用時使用圖形加速功能」，再重新啟動瀏覽器。",
      "更新顯示卡驅動程式。chrome://gpu 會顯示瀏覽器是否封鎖了它。",
      "Linux 上的 Chrome：開啟 chrome://flags/#enable-vulkan，選擇 Enabled，再重新啟動 Chrome。",
    ],
  },
  "server-unreachable": {
    title: "伺服器沒有回應",
    sentence: "頁面無法載入需要的檔案。請確認 onpage serve 仍在執行，且這台裝置已連上網路。",
    wayOn: "reload-page",
    action: "再試一次",
  },
  "no-model": {
    title: "沒有可執行的模型",
    sentence: "伺服器沒有提供模型。請停止伺服器，再以 onpage serve --model FILE 啟動。",
    wayOn: "reload-page",
    action: "再試一次",
  },
  "model-missing": {
    title: "模型不見了",
    sentence: "伺服器列出的模型檔案已不存在。請重新啟動 onpage serve，再載入模型。",
    wayOn: "reload-page",
    action: "再試一次",
  },
  "model-not-kept": {
    title: "這個瀏覽器沒有保留模型",
    sentence: "伺服器沒有回應；這個瀏覽器保留了頁面，但沒有保留任何模型。請重新啟動 onpage serve，或連上網路，再試一次。",
    wayOn: "reload-page",
    action: "再試一次",
  },
  "model-corrupt": {
    title: "模型檔案已損毀",
    sentence: "收到的檔案與伺服器列出的不符。檔案已刪除，沒有執行任何內容。",
    wayOn: "restart",
    action: "重新下載",
  },
  "model-unfit": {
    title: "這個模型會寫出錯誤的文字",
    sentence: "檔案裡的縮放係數比引擎讀取的多。請用 onpage convert 重新轉換模型，再載入。",
    wayOn: "reload-page",
    action: "再試一次",
  },
  "download-cut": {
    title: "下載中斷",
    sentence: "與伺服器的連線在五分鐘內一再中斷。已收到的部分會保留。",
    wayOn: "restart",
    action: "繼續",
  },
  "server-busy": {
    title: "伺服器忙碌中",
    sentence: "伺服器或途中的代理伺服器要求等待的時間，超過這個頁面的上限。已收到的部分會保留。",
    wayOn: "restart",
    action: "繼續",
  },
  "server-refused": {
    title: "伺服器拒絕下載",
    sentence: "伺服器或途中的代理伺服器拒絕傳送模型。請重新開啟頁面，並依提示登入。",
    wayOn: "reload-page",
    action: "再試一次",
  },
  "engine-failed": {
    title: "引擎停止運作",
    sentence: "頁面已重新啟動引擎一次，但再度失敗。你的文字還在。",
    wayOn: "restart",
    action: "重新啟動引擎",
  },
  "lora-failed": {
    title: "適配器無法使用",
    sentence: "模型沒有問題，但這個 LoRA 適配器沒有完整送達，或與模型不合。你的文字還在。",
    wayOn: "without-lora",
    action: "不用適配器繼續",
  },
  "modality-unsupported": {
    title: "這個模型只接受文字",
    sentence: "圖片或聲音給了一個沒有載入相應部分的模型或引擎。",
    wayOn: "restart",
    action: "重新啟動引擎",
  },
  "device-lost": {
    title: "GPU 已中斷",
    sentence: "系統收回了 GPU，可能是因為驅動程式重新啟動、睡眠或其他程式。你的文字還在。",
    wayOn: "restart",
    action: "重新啟動引擎",
  },
};

/** @type {Record<import('../engine/choice.js').Choice['gpu'], string>} */
const WITHOUT_GPU = {
  gpu: "模型沒有給 GPU 用的檔案",
  software: "這個瀏覽器找不到顯示卡",
  "insecure-origin": "瀏覽器只允許在 localhost 和 https 上使用 GPU",
  "no-webgpu": "這個瀏覽器沒有 WebGPU",
  "no-adapter": "這個瀏覽器找不到顯示卡",
};

/** @type {import('./languages.js').Spoken<typeof import('./en.js').texts>} */
export const texts = {
  language: "zh-TW",
  line,

  header: {
    promise: "任何內容都不會離開這台裝置。",
    model: "模型",
  },

  tasks: {
    label: "要做什麼",
    names: { post: "貼文", chat: "對話", lab: "實驗室", documents: "文件", functions: "函式", senses: "看和聽" },
    title: (id) =>
      ({
        chat: "onpage：在自己的裝置上對話",
        lab: "onpage：在自己的裝置上改寫、翻譯、擷取",
        documents: "onpage：在自己的裝置上向文件提問",
        functions: "onpage：在自己的裝置上呼叫函式的模型",
        models: "onpage：你自己電腦上的模型",
        senses: "onpage：在自己的裝置上就圖片和聲音提問",
      })[id] ?? "onpage：在自己的裝置上寫貼文",
  },

  about: {
    demo: "這是示範模型：五百萬個權重，只懂英文。它把名字和日期抄進貼文，並不理解內容。",
    model: ({ name }, choice) => `${name} 正在${choice?.entry.backend === "CPU" ? "這台裝置的處理器" : "你的 GPU"}上寫作。它可能弄錯事實：請核對名字、日期和數字。`,
    better: "換用真正的 Gemma",
    how: "停止伺服器，然後在啟動它的地方執行下面的指令；如果不在原始碼資料夾中，請執行 onpage gemma。它會詢問 Gemma 的授權條款，下載 0.24 GB，並在幾分鐘內製作出適用於 GPU 和處理器的模型。不需要帳號。",
    command: "make gemma",
  },

  keys: {
    title: "鍵盤快速鍵",
    close: "關閉",
    rows: (modifier) => [
      [`${modifier} Enter`, "寫貼文，或送出訊息"],
      ["Enter", "在對話中送出訊息；Shift Enter 換行"],
      ["Escape", "停止正在寫的回答"],
      [`${modifier} Z`, "復原，編輯貼文時也可用"],
      ["?", "顯示這份清單"],
    ],
  },

  details: { title: "詳細資料", bench: "測試這個瀏覽器的速度", check: "檢查這塊 GPU 是否計算正確" },

  engine: {
    label: "引擎",
    automatic: "自動",
    automatically: (engine) => `自動：${engine}`,
    on: ({ name, backend }) => `${name}（${backend === "CPU" ? "處理器" : backend}）`,
    cannot: { "no-file": "沒有對應的檔案", "no-webgpu": "這裡沒有 WebGPU" },
    reason({ entry, chosen, gpu, fault }) {
      if (fault) return texts.notice.wrongGpu({ choice: { entry }, fault }).sentence;
      if (entry.backend === "WebGPU" && gpu !== "gpu") {
        const why = "執行緩慢，使用軟體模擬的 GPU：這個瀏覽器找不到顯示卡";
        return chosen ? `${why}。` : `${why}，模型也沒有給處理器用的檔案。`;
      }
      const where = entry.backend === "CPU" ? "在處理器上執行" : "在你的 GPU 上執行";
      if (chosen) return `依你的選擇${where}。`;
      return entry.backend === "WebGPU" ? `${where}。` : `${where}：${WITHOUT_GPU[gpu]}。`;
    },
  },

  footer: {
    parameters: (count) => `${format.parameters(count)} 參數`,
    withLora: (lora) => `搭配 ${lora}`,
    inEngine: (engine) => `引擎 ${engine}`,
    onProcessor: "在處理器上",
    onGpu: (gpu) => `在 ${gpu} 上`,
    kept: (bytes) => (bytes ? `這個瀏覽器保留了 ${size(bytes)} 的模型，供下次使用。` : "這個瀏覽器沒有保留模型。"),
    imported: (names) => `「移除」會保留你匯入的模型：${format.list(names)}。可在「所有模型」中刪除。`,
    licence: "模型授權條款：",
    notices: "第三方聲明與授權條款",
    remove: "移除",
    theme: "外觀",
    themes: { system: "跟隨系統", light: "淺色", dark: "深色" },
    language: "語言",
    offline: "伺服器沒有回應。頁面會以這個瀏覽器保留的內容繼續運作。",
    keeper: {
      off: "",
      preparing: "",
      kept: "沒有伺服器時，這個頁面也能開啟。",
      "not-kept": "這個瀏覽器未保留頁面，因為空間不足或連線中斷，因此需要伺服器。下次造訪時會再試。",
      newer: "頁面的新版本已就緒，關閉這個頁面的所有分頁後生效。",
    },
  },

  loading: {
    label: "正在載入模型",
    starting: "正在啟動",
    preparing: "正在準備",
    steps: {
      waiting: "另一個分頁正在下載模型",
      reading: "正在讀取模型",
      downloading: "正在下載模型",
      retrying: "正在等待伺服器",
      creating: "正在建立引擎",
      warming: "正在暖機",
      adapting: "正在套用適配器",
    },
    reasons: {
      first: "",
      model: "",
      engine: "",
      lora: "正在更換適配器",
      settings: "正在套用設定",
      senses: "正在載入看圖和聽聲音的部分",
      seed: "正在改用下一個種子",
      restart: "",
      recover: "引擎已停止，正在重新啟動",
      return: "正在回到上一個正常狀態",
      elsewhere: "模型正在這個頁面的另一處寫作",
    },
    downloading: (progress) => {
      const { bytesPerSecond, secondsLeft } = progress;
      return line([bytes(progress), `${size(bytesPerSecond)}/s`, secondsLeft !== null && `還需 ${wait(secondsLeft)}`]);
    },
    retrying: (progress) => {
      const { retry } = progress;
      return line([bytes(progress), retry && `${PROBLEMS[retry.code].title}：${wait(retry.seconds)}後再試`]);
    },
    waiting: (progress) => line([bytes(progress), "另一個分頁正在下載模型"]),
    reading: (progress) => line([bytes(progress), "已存於這個瀏覽器"]),
    received: (bytes) => `已收到並驗證 ${size(bytes)}`,
    warming: "引擎正在暖機，只有第一次比較久。",
  },

  status: { writing: "正在寫", stopping: "正在停止", load: "就緒", answer: "貼文寫好了", chat: "回答完成", stop: "已停止" },

  notice: {
    madeRoom: (names) => ({ title: "已刪除模型以騰出空間", sentence: `此瀏覽器刪除了 ${format.list(names)}。如需使用，請在「所有模型」中重新取得。` }),
    restarted: { title: "引擎曾經停止，已重新啟動", sentence: "你的文字還在：可以接著做。" },
    kept: (problem) => ({ title: problem, sentence: "變更沒有生效。頁面維持原狀。" }),
    wrongGpu: ({ choice: { entry }, fault: { engine, wrong, of } }) => ({
      title: "這塊 GPU 計算有誤",
      sentence:
        entry.id === engine
          ? `使用這個引擎時，${of} 道測試題中有 ${wrong} 道答錯，寫出的內容不可信。換一個引擎或模型可能會好些。`
          : `${of} 道測試題中有 ${wrong} 道答錯，因此這個模型改用 ${texts.engine.on(entry)} 執行。`,
    }),
  },

  records: {
    troubles: {
      refused: "這個瀏覽器不給頁面儲存空間，關閉分頁後這份清單就會消失。",
      full: "這個瀏覽器沒有空間了：新內容只保留到你關閉分頁為止。請在「所有模型」中刪除一個模型，那裡也寫著還有多少空間。",
      "other-version": "另一個分頁開啟的是這個頁面的另一個版本，因此新內容只保留到你關閉分頁為止。請關閉或重新載入這兩個分頁。",
    },
    dropped: (most, dropped) => `清單最多容納 ${integer(most)} 筆。已移除最舊的 ${integer(dropped)} 筆。`,
  },

  history: {
    where: (most) => `最新的 ${integer(most)} 筆保留在這個瀏覽器中，只在這台裝置上，直到你刪除為止。`,
    open: "開啟",
    remove: "刪除",
    undo: "復原",
    more: "顯示更多",
    json: "匯出為 JSON",
    markdown: "匯出為 Markdown",
    clear: "全部刪除",
    clearAll: "是，刪除",
    keep: "保留",
  },

  figures: {
    first: "首段文字",
    prefill: "預填",
    decode: "解碼",
    tokens: "輸入 / 輸出 token",
    seed: "種子",
    reused: (percent) => `沿用 ${integer(percent)}%`,
    how: "這些數字如何測得",
    explained:
      "「首段文字」是從引擎收到提示詞到這個頁面看到第一段文字的時間。「預填」是提示詞的 token 數除以這段時間。「解碼」是第一段之後的 token 數" +
      "除以第一段與最後一段之間的時間。「輸出 token」是引擎寫出的 token；如果引擎一次寫出數個，最後幾個可能是空的。",
    held: (percent) => `引擎還留有上一則提示詞中與這則相同的 ${integer(percent)}%，因此預填看起來比實際更快。`,
  },

  element: {
    offer: (name) => `${name} 在這台裝置上執行，不需要伺服器。你寫的內容不會離開這裡。`,
    load: (bytes) => `載入 ${size(bytes)}`,
  },

  settings: {
    title: "設定",
    lora: "適配器",
    noLora: "無：模型原樣",
    loraHelp: (lora, able) =>
      able ? `${lora ? `LoRA，秩 ${lora.rank}，${size(lora.size)}` : "LoRA：改變同一個模型的寫法"}。可隨時開關，立即生效。` : "適配器需要 MediaPipe 引擎。請在上方選擇。",
    precision: "精度",
    precisions: { auto: "依模型需要", float16: "float16", float32: "float32" },
    precisionHelp: (needed) =>
      needed === "float16"
        ? "GPU 的精度。這個模型的數值適合 float16，速度較快，工作記憶體減半。"
        : "GPU 的精度。檔案沒有說明這個模型的數值適合 float16，勉強使用可能寫壞文字，因此用 float32。",
    fields: {
      temperature: { label: "溫度", help: "數值越高，文字變化越多。" },
      topK: { label: "Top K", help: "從最可能的幾個 token 中選擇。1 表示一律取最可能的一個。" },
      seed: { label: "種子", help: "種子、文字和設定相同，貼文幾乎相同。「再寫一次」使用下一個種子。" },
      maxTokens: { label: "token 上限", help: "" },
    },
    context: (context) => `提示詞與貼文合計。這個模型最多支援 ${integer(context)}。`,
    apply: "套用",
    defaults: "預設值",
    note: "設定立即生效。提高 Top K、變更 token 上限或精度時，會從這個瀏覽器的儲存空間重新載入模型。",
  },

  chat,
  documents,
  functions,
  lab,
  models,
  post,
  senses,
};
