// @ts-check
/** What the post's task says, in Simplified Chinese. */

import { format, integer, line } from "./words.js";

/** @type {import('../languages.js').Spoken<typeof import('../en/post.js').post>} */
export const post = {
  form: "写些什么",
  text: "你的文字",
  examples: "试试示例",
  exampleNames: { Announcement: "公告", "Product note": "产品说明", Event: "活动", "Short article": "短文" },
  undo: "撤销",
  placeholder: "粘贴公告、产品说明、活动信息或短文。",
  tone: "语气",
  tones: { friendly: "友好", professional: "专业", enthusiastic: "热情" },
  length: "长度",
  lengths: { short: "短", standard: "标准" },
  words: (words) => `${integer(words)} 词`,
  write: "写帖子",
  stop: "停止",
  stopping: "正在停止…",
  count: (tokens, room) => `${integer(tokens)} / ${integer(room)} token`,
  card: "你的帖子",
  log: "帖子内容",
  sample: "样例：演示模型根据“活动”示例写的帖子",
  empty: "帖子会出现在这里。它在此页面中写成，文字不会离开这里。",
  stopped: "已停止",
  reading: "正在读你的文字…",
  copy: "复制",
  copied: "已复制",
  selected: (key) => `已选中：按 ${key} C`,
  share: "分享",
  again: "再写一次",
  edit: "编辑",
  done: "完成",
  redo: "重做",
  edited: "可编辑的帖子",
  followUps: { shorter: "缩短", date: "加上日期", emoji: "去掉表情" },
  followUp: "修改帖子",
  options: {
    title: "更多选项",
    network: "发布到",
    anyPlatform: "任意网络",
    language: "帖子的语言",
    ownLanguage: "与文本相同",
    onlyEnglish: "演示模型只会写英文。真正的 Gemma 可以写其他语言。",
    platform: (name, limit) => `${name} · ${integer(limit)} 字符`,
    three: "写三条供选择",
    threeShort: "三条供选择",
    hashtags: "你的话题标签",
    link: "你的链接",
    linkShort: "你的链接",
    help: "只要字数允许，你的话题标签和链接会接在模型所写内容之后。它们只保留在此浏览器中。",
  },
  variants: {
    title: "选择一条帖子",
    name: (number) => `版本 ${integer(number)}`,
    choose: "选用",
    chooseNamed: (number) => `选用版本 ${integer(number)}`,
    same: (number) => `与版本 ${integer(number)} 相同：在“详情”中提高温度，差异会更大`,
    best: (wrong) => ` · ${wrong ? "需留意之处最少" : "最符合你的文字"}`,
    back: (count) => `全部 ${integer(count)} 个版本`,
  },
  history: {
    title: (count) => `之前的帖子 · ${integer(count)}`,
    deleted: "帖子已删除。",
    sure: (count) => (count === 1 ? "永久删除这条帖子？" : `永久删除全部 ${integer(count)} 条帖子？`),
    kind: ({ at, tone, length, model, lora, ended, text, current }) =>
      line([
        format.moment(at),
        ended === "stopped" ? "已停止" : ended === "lost" ? "未完成" : ended !== "model" && "被截断",
        text !== current && "已编辑",
        post.tones[tone] ?? tone,
        post.lengths[length] ?? length,
        model,
        lora && `搭配 ${lora}`,
      ]),
    file: { title: "用 onpage 写的帖子", written: "模型的原文", source: "依据的文字" },
  },
  kind: (tone, length, lora) => [tone, length, lora && `搭配 ${lora}`].filter(Boolean).join(" · "),
  counts: (words, characters) => `${integer(words)} 词，${integer(characters)} 字符`,
  tightest: (network, left) => (left < 0 ? `比 ${network} 的上限多 ${integer(-left)} 字符` : `${network} 可用，还剩 ${integer(left)}`),
  limits: "所有网络",
  left: (characters) => `还剩 ${integer(characters)}`,
  over: (characters) => `超出 ${integer(characters)}`,
  figures: { title: "上一条帖子" },
  check: {
    again: (why) => `这一条${why}，正在另写一条。按“停止”可留下目前最好的。`,
    whys: {
      language: "用了另一种语言",
      cheer: "对这个消息来说过于高兴",
      cut: "中途断了",
      changed: "说了你的文字里没有的事",
      repeated: "有重复的话",
      lost_name: "漏了名字",
      lost_fact: "漏了日期或数字",
      long: "太长",
      tags: "没有合适的话题标签",
    },
    fine: "数字、日期和名字与你的文字一致。",
    assembled: "由数次撰写的句子组成；按“撤销”可恢复其中一次。",
    mended: "已略去有误或过长的部分；按“撤销”可恢复。",
    drafts: (count) => `${integer(count)} 条中最好的一条。`,
    findings: {
      language: () => "这不是你的文字所用的语言。",
      cheer: (found) => `你的文字像是坏消息，这些话过于高兴：${quoted(found)}。`,
      cut: () => "有一句话没写完。",
      changed: (found) => `请核对${quoted(found)}：你的文字没有这样说。`,
      repeated: () => "有重复的话。",
      lost_name: ([name]) => `漏了“${name}”。`,
      lost_fact: ([figure]) => (figure ? `漏了“${figure}”。` : "漏了你的文字中的数字。"),
      long: ([more]) => `比你要求的多 ${integer(Number(more))} 词。`,
      tags: (found) => (found.length ? `你的文字中没有这样的词：${found.map((tag) => `#${tag}`).join(" ")}。` : "缺少一到三个话题标签。"),
    },
    declined: {
      title: "演示模型没能就这段文字写出帖子",
      sentence: "它写的内容遗漏或改动了你的文字所说的事。真正的 Gemma 会更好：请运行 onpage gemma。",
    },
    reveal: "显示它写的内容",
  },
  declined: {
    titles: {
      language: "演示模型只懂英语",
      code: "演示模型写不了关于代码的帖子",
      nothing: "这里没有可写成帖子的内容",
    },
    sentence: "它学的是简短的英文，对这段文字只会写出胡话。真正的 Gemma 会更好：见上方。",
    nothing: "照这样写，模型只会编造。请用一两句话写下帖子要说的事。",
    anyway: "仍然写",
  },
  notices: {
    noRoom: {
      title: "没有空间容纳文字",
      sentence: "这个长度的帖子可能用完全部 token 上限。请在设置中提高上限，或选择较短的帖子。",
    },
    noRoomInModel: {
      title: "没有空间容纳文字",
      sentence: "这个长度的帖子可能用完此模型的全部上下文。请选择较短的帖子，或另一个模型。",
    },
    tooLong: (tokens, room, raisable) => ({
      title: "这段文字对模型来说太长",
      sentence:
        `提示词占用 ${integer(tokens)} token，而除帖子外只有 ${integer(room)} token 的空间。请把文字缩短约 ` +
        `${integer(Math.min(99, Math.ceil((1 - room / tokens) * 100)))}%` +
        (raisable ? "，或在设置中提高 token 上限。" : "。"),
    }),
    runaway: {
      title: "模型跑偏了",
      sentence: "它写到你所要长度的三倍时被停止。“再写一次”会使用另一个种子。",
    },
    full: {
      title: "上下文已满，帖子到此为止",
      sentence: "文字与帖子合计达到了 token 上限。请缩短文字，或选择较短的帖子。",
    },
    noRoomFor: (left, network) => ({
      title: `没有空间放 ${left.join(" ")}`,
      sentence: `对 ${network} 来说，帖子会太长。请缩短后${left.length > 1 ? "逐一" : ""}手动加上。`,
    }),
    broken: {
      title: "“\ufffd”代表一个没有完整送达的字符",
      sentence: "模型会把罕见的字符分几部分写出，而 MediaPipe 会丢失跨两步的字符。LiteRT-LM 引擎不会。",
    },
  },
};

/** Each in quotation marks, but for what is a part of another. @param {string[]} found */
function quoted(found) {
  const whole = [...new Set(found)].filter((each) => !found.some((other) => other !== each && other.includes(each)));
  return whole.map((each) => `“${each}”`).join("、");
}
