// @ts-check
/** What the pictures and sounds say, in Simplified Chinese. */

import { format, integer, line, size } from "./words.js";

/** @type {Record<string, string>} */
const names = { describe: "描述图片", ask: "提问", transcribe: "记录语音", translate: "翻译语音" };

/** @type {import('../languages.js').Spoken<typeof import('../en/senses.js').senses>} */
export const senses = {
  region: "看和听",
  templates: "做什么",
  name: (id) => names[id] ?? id,
  add: "添加文件",
  camera: "摄像头",
  microphone: "麦克风",
  take: "拍照",
  end: "结束",
  seen: "摄像头画面",
  recording: (seconds, most) => `正在录音：${integer(seconds)} / ${integer(most)} 秒`,
  question: "你的问题",
  language: "语言",
  sample: "用这张图片试试",
  limits: (images, seconds) => `最多 ${integer(images)} 张图片和 ${integer(seconds)} 秒声音，也可以粘贴或拖放。它们只留在这个标签页里。`,
  remove: (name) => `移除 ${name}`,
  picture: (name, tokens) => line([name, `${integer(tokens)} 个词元`]),
  sound: (name, seconds, tokens, cut) => line([name, cut ? `开头 ${integer(seconds)} 秒` : `${integer(seconds)} 秒`, `${integer(tokens)} 个词元`]),
  meter: (tokens, room) => `${integer(tokens)} / ${integer(room)} 个词元`,
  tooLong: "放不进模型的上下文。请移除一张图片，或在“详情”里提高最大词元数。",
  run: "问模型",
  stop: "停止",
  stopping: "正在停止…",
  missing: { image: "请先添加一张图片。", audio: "请先添加一段录音。", either: "请先添加图片或录音。", question: "请先输入问题。" },
  ability: {
    load: (model, bytes) => `${model} 可以做到，但目前只加载了文字部分。加载其余部分要重新读取模型（${size(bytes)}），占用更多显存；其间不能使用适配器。`,
    loadIt: "加载",
    other: (model) => `这个模型只接受文字。${model} 可以做到。`,
    switchTo: (model, bytes) => `加载 ${model}，${size(bytes)}`,
    none: "这里没有能看图片或听声音的模型。Gemma 3n 可以，需要 GPU。请在服务器上运行：",
    loaded: "已加载图片和声音部分。",
    unload: "恢复为只用文字",
  },
  answer: {
    title: "回答",
    log: "回答",
    empty: "给模型看一张图片，或让它听几句话。不会发送到任何地方。",
    example: "示例（人工撰写）",
    exampleText: "绿色的门上有一块牌子：“面包店，8–14 点营业，周一休息”。门旁停着一辆带篮子的红色自行车。",
    by: (model) => `由 ${model} 生成`,
    copy: "复制",
    copied: "已复制",
    selected: (key) => `已选中：请按 ${key} C`,
    again: "重试",
    nothing: "模型什么也没说。",
    endings: { model: "", limit: "回答出现重复或过长，页面在此结束了它。", context: "上下文已满。", stopped: "你在这里停止了回答。", lost: "回答在这里中断。" },
  },
  history: {
    title: (count) => `以前的回答 · ${integer(count)}`,
    deleted: "回答已删除。",
    sure: (count) => `要永久删除${count === 1 ? "这个回答" : `全部 ${integer(count)} 个回答`}吗？`,
    file: "关于图片和声音的回答",
    about: ({ at, template, model }) => line([names[template], format.moment(at), model]),
  },
  figures: { title: "上一个回答" },
  problems: {
    "unknown-kind": "这既不是图片（PNG、JPEG、WebP、AVIF、GIF、BMP），也不是此浏览器能播放的声音。",
    "too-large": "文件太大：图片最大 50 MB，声音最大 16 MB。",
    "too-many-pixels": "这张图片超过 6400 万像素，请缩小。",
    "too-long": "这段声音超过十分钟，请截取需要的部分。",
    damaged: "无法读取这个文件，它可能已损坏。",
    silent: "里面没有声音。",
    "too-many": "图片数量已达模型上限，请先移除一张。",
    denied: "浏览器不允许此页面使用它。请在地址旁允许，然后重试。",
    "no-device": "这台设备没有，或没有连接。",
    busy: "其他程序正在使用它，或它没有响应。",
    insecure: "浏览器只允许 localhost 和 https 使用摄像头和麦克风。",
  },
};
