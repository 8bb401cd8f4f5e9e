// @ts-check
/** What the post's task says, in Traditional Chinese. */

import { format, integer, line } from "./words.js";

/** @type {import('../languages.js').Spoken<typeof import('../en/post.js').post>} */
export const post = {
  form: "寫些什麼",
  text: "你的文字",
  examples: "試試範例",
  exampleNames: { Announcement: "公告", "Product note": "產品說明", Event: "活動", "Short article": "短文" },
  undo: "復原",
  placeholder: "貼上公告、產品說明、活動資訊或短文。",
  tone: "語氣",
  tones: { friendly: "友善", professional: "專業", enthusiastic: "熱情" },
  length: "長度",
  lengths: { short: "短", standard: "標準" },
  words: (words) => `${integer(words)} 個詞`,
  write: "寫貼文",
  stop: "停止",
  stopping: "正在停止…",
  count: (tokens, room) => `${integer(tokens)} / ${integer(room)} token`,
  card: "你的貼文",
  log: "貼文內容",
  sample: "範例：示範模型根據「活動」寫的貼文",
  empty: "貼文會出現在這裡。它在這個頁面中寫成，文字不會離開這裡。",
  stopped: "已停止",
  reading: "正在讀你的文字…",
  copy: "複製",
  copied: "已複製",
  selected: (key) => `已選取：按 ${key} C`,
  share: "分享",
  again: "再寫一次",
  edit: "編輯",
  done: "完成",
  redo: "重做",
  edited: "可編輯的貼文",
  followUps: { shorter: "縮短", date: "加上日期", emoji: "去掉表情符號" },
  followUp: "修改貼文",
  options: {
    title: "更多選項",
    network: "發布到",
    anyPlatform: "任何社群網路",
    language: "貼文的語言",
    ownLanguage: "與文字相同",
    onlyEnglish: "示範模型只會寫英文。真正的 Gemma 可以寫其他語言。",
    platform: (name, limit) => `${name} · ${integer(limit)} 字元`,
    three: "寫三則供選擇",
    threeShort: "三則供選擇",
    hashtags: "你的主題標籤",
    link: "你的連結",
    linkShort: "你的連結",
    help: "只要字數允許，你的主題標籤和連結會接在模型所寫的內容之後。它們只保留在這個瀏覽器中。",
  },
  variants: {
    title: "選擇一則貼文",
    name: (number) => `版本 ${integer(number)}`,
    choose: "選用",
    chooseNamed: (number) => `選用版本 ${integer(number)}`,
    same: (number) => `與版本 ${integer(number)} 相同：在「詳細資料」中提高溫度，差異會更大`,
    best: (wrong) => ` · ${wrong ? "需留意之處最少" : "最符合你的文字"}`,
    back: (count) => `全部 ${integer(count)} 個版本`,
  },
  history: {
    title: (count) => `先前的貼文 · ${integer(count)}`,
    deleted: "貼文已刪除。",
    sure: (count) => (count === 1 ? "要永久刪除這則貼文嗎？" : `要永久刪除全部 ${integer(count)} 則貼文嗎？`),
    kind: ({ at, tone, length, model, lora, ended, text, current }) =>
      line([
        format.moment(at),
        ended === "stopped" ? "已停止" : ended === "lost" ? "未完成" : ended !== "model" && "被截斷",
        text !== current && "已編輯",
        post.tones[tone] ?? tone,
        post.lengths[length] ?? length,
        model,
        lora && `搭配 ${lora}`,
      ]),
    file: { title: "用 onpage 寫的貼文", written: "模型的原文", source: "依據的文字" },
  },
  kind: (tone, length, lora) => [tone, length, lora && `搭配 ${lora}`].filter(Boolean).join(" · "),
  counts: (words, characters) => `${integer(words)} 個詞，${integer(characters)} 字元`,
  tightest: (network, left) => (left < 0 ? `比 ${network} 的上限多 ${integer(-left)} 字元` : `${network} 可用，還剩 ${integer(left)}`),
  limits: "所有社群網路",
  left: (characters) => `還剩 ${integer(characters)}`,
  over: (characters) => `超出 ${integer(characters)}`,
  figures: { title: "上一則貼文" },
  check: {
    again: (why) => `這一則${why}，正在另寫一則。按「停止」可留下目前最好的。`,
    whys: {
      language: "用了另一種語言",
      cheer: "對這個消息來說過於高興",
      cut: "中途斷了",
      changed: "說了你的文字裡沒有的事",
      repeated: "有重複的話",
      lost_name: "漏了名字",
      lost_fact: "漏了日期或數字",
      long: "太長",
      tags: "沒有合適的主題標籤",
    },
    fine: "數字、日期和名字與你的文字一致。",
    assembled: "由數次撰寫的句子組成；按「復原」可恢復其中一次。",
    mended: "已略去有誤或過長的部分；按「復原」可恢復。",
    drafts: (count) => `${integer(count)} 則中最好的一則。`,
    findings: {
      language: () => "這不是你的文字所用的語言。",
      cheer: (found) => `你的文字像是壞消息，這些話過於高興：${quoted(found)}。`,
      cut: () => "有一句話沒寫完。",
      changed: (found) => `請核對${quoted(found)}：你的文字沒有這樣說。`,
      repeated: () => "有重複的話。",
      lost_name: ([name]) => `漏了「${name}」。`,
      lost_fact: ([figure]) => (figure ? `漏了「${figure}」。` : "漏了你的文字中的數字。"),
      long: ([more]) => `比你要求的多 ${integer(Number(more))} 個詞。`,
      tags: (found) => (found.length ? `你的文字中沒有這樣的詞：${found.map((tag) => `#${tag}`).join(" ")}。` : "缺少一到三個主題標籤。"),
    },
    declined: {
      title: "示範模型沒能就這段文字寫出貼文",
      sentence: "它寫的內容遺漏或更動了你的文字所說的事。真正的 Gemma 會更好：請執行 onpage gemma。",
    },
    reveal: "顯示它寫的內容",
  },
  declined: {
    titles: {
      language: "示範模型只懂英文",
      code: "示範模型寫不了關於程式碼的貼文",
      nothing: "這裡沒有可寫成貼文的內容",
    },
    sentence: "它學的是簡短的英文，對這段文字只會寫出胡言亂語。真正的 Gemma 會更好：見上方。",
    nothing: "照這樣寫，模型只會編造。請用一兩句話寫下貼文要說的事。",
    anyway: "仍然寫",
  },
  notices: {
    noRoom: {
      title: "沒有空間容納文字",
      sentence: "這個長度的貼文可能用完全部的 token 上限。請在設定中提高上限，或選擇較短的貼文。",
    },
    noRoomInModel: {
      title: "沒有空間容納文字",
      sentence: "這個長度的貼文可能用完這個模型的全部上下文。請選擇較短的貼文，或另一個模型。",
    },
    tooLong: (tokens, room, raisable) => ({
      title: "這段文字對模型來說太長",
      sentence:
        `提示詞占用 ${integer(tokens)} token，而除貼文外只有 ${integer(room)} token 的空間。請把文字縮短約 ` +
        `${integer(Math.min(99, Math.ceil((1 - room / tokens) * 100)))}%` +
        (raisable ? "，或在設定中提高 token 上限。" : "。"),
    }),
    runaway: {
      title: "模型偏離了方向",
      sentence: "它寫到你所要長度的三倍時被停止。「再寫一次」會使用另一個種子。",
    },
    full: {
      title: "上下文已滿，貼文到此為止",
      sentence: "文字與貼文合計達到了 token 上限。請縮短文字，或選擇較短的貼文。",
    },
    noRoomFor: (left, network) => ({
      title: `沒有空間放 ${left.join(" ")}`,
      sentence: `對 ${network} 來說，貼文會太長。請縮短後${left.length > 1 ? "逐一" : ""}手動加上。`,
    }),
    broken: {
      title: "「\ufffd」代表一個沒有完整送達的字元",
      sentence: "模型會把罕見的字元分幾部分寫出，而 MediaPipe 會遺失跨兩步的字元。LiteRT-LM 引擎不會。",
    },
  },
};

/** Each in quotation marks, but for what is a part of another. @param {string[]} found */
function quoted(found) {
  const whole = [...new Set(found)].filter((each) => !found.some((other) => other !== each && other.includes(each)));
  return whole.map((each) => `「${each}」`).join("、");
}
