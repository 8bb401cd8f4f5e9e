// @ts-check
/**
 * What the page says, in Simplified Chinese, as it is written on the mainland.
 *
 * Words used throughout: model 模型, engine 引擎, adapter 适配器, prompt 提示词, token token, context 上下文, seed 种子, temperature 温度,
 * precision 精度, processor 处理器, GPU GPU, browser 浏览器, server 服务器, device 设备, download 下载, load 加载, post 帖子, chat 对话,
 * lab 实验室, document 文档, passage 段落, source 来源, answer 回答, instruction 指令, template 模板, settings 设置, keep 保留, delete 删除,
 * storage 存储空间. The reader is 你. A space stands between Chinese and Latin letters or figures, none beside full-width marks.
 */

import { chat } from "./zh-CN/chat.js";
import { documents } from "./zh-CN/documents.js";
import { functions } from "./zh-CN/functions.js";
import { lab } from "./zh-CN/lab.js";
import { models } from "./zh-CN/models.js";
import { post } from "./zh-CN/post.js";
import { senses } from "./zh-CN/senses.js";
import { format, integer, line, size, wait } from "./zh-CN/words.js";

export { format };

/** @param {{loaded: number, total: number}} progress */
const bytes = ({ loaded, total }) => `${size(loaded)} / ${size(total)}`;

/** @type {typeof import('./en.js').PROBLEMS} */
export const PROBLEMS = {
  "insecure-origin": {
    title: "此地址无法使用 GPU",
    sentence: "浏览器只允许安全地址使用 WebGPU。如果服务器就在这台电脑上，请打开 http://localhost；否则请通过 HTTPS 提供此页面。",
    wayOn: "localhost",
    action: "在 localhost 打开",
  },
  "no-webgpu": {
    title: "此浏览器没有 WebGPU",
    sentence: "此模型需要 WebGPU，而这个浏览器没有。以下浏览器支持：",
    wayOn: "reload-page",
    action: "再检查一次",
    steps: [
      "Windows、macOS 或 ChromeOS 上的 Chrome 或 Edge 113 及更高版本：无需设置。",
      "Linux 上的 Chrome：打开 chrome://flags/#enable-unsafe-webgpu，选择 Enabled，然后重启 Chrome。",
      "macOS、iOS 或 iPadOS 上的 Safari 26 及更高版本：无需设置。",
      "Windows 上的 Firefox 141 及更高版本：无需设置；其他系统请在 about:config 中启用 dom.webgpu.enabled。",
    ],
  },
  "no-adapter": {
    title: "未找到可用的 GPU",
    sentence: "此浏览器支持 WebGPU，但没有找到可用的显卡。",
    wayOn: "reload-page",
    action: "再检查一次",
    steps: [
      "在浏览器的系统设置中开启“使用图形加速功能（如果可用）”，然后重启浏览器。",
      "更新显卡驱动程序。chrome://gpu 会显示浏览器是否屏蔽了它。",
      "Linux 上的 Chrome：打开 chrome://flags/#enable-vulkan，选择 Enabled，然后重启 Chrome。",
    ],
  },
  "server-unreachable": {
    title: "服务器没有响应",
    sentence: "页面无法加载所需的文件。请确认 onpage serve 仍在运行，且本设备已联网。",
    wayOn: "reload-page",
    action: "重试",
  },
  "no-model": {
    title: "没有可运行的模型",
    sentence: "服务器没有提供模型。请停止服务器，再用 onpage serve --model FILE 启动。",
    wayOn: "reload-page",
    action: "重试",
  },
  "model-missing": {
    title: "模型不见了",
    sentence: "服务器列出的模型文件已不存在。请重新启动 onpage serve，再加载模型。",
    wayOn: "reload-page",
    action: "重试",
  },
  "model-not-kept": {
    title: "此浏览器没有保存模型",
    sentence: "服务器没有响应；此浏览器保存了页面，但没有保存任何模型。请重新启动 onpage serve，或连接网络，然后重试。",
    wayOn: "reload-page",
    action: "重试",
  },
  "model-corrupt": {
    title: "模型文件已损坏",
    sentence: "收到的文件与服务器列出的不一致。文件已删除，没有运行任何内容。",
    wayOn: "restart",
    action: "重新下载",
  },
  "model-unfit": {
    title: "这个模型会写出错误的文字",
    sentence: "文件里的缩放系数比引擎读取的多。请用 onpage convert 重新转换模型，再加载。",
    wayOn: "reload-page",
    action: "重试",
  },
  "download-cut": {
    title: "下载中断",
    sentence: "与服务器的连接在五分钟内反复中断。已收到的部分会保留。",
    wayOn: "restart",
    action: "继续",
  },
  "server-busy": {
    title: "服务器繁忙",
    sentence: "服务器或途中的代理要求等待的时间超出了此页面的上限。已收到的部分会保留。",
    wayOn: "restart",
    action: "继续",
  },
  "server-refused": {
    title: "服务器拒绝下载",
    sentence: "服务器或途中的代理拒绝发送模型。请重新打开页面，并按提示登录。",
    wayOn: "reload-page",
    action: "重试",
  },
  "engine-failed": {
    title: "引擎停止工作",
    sentence: "页面已重启引擎一次，但再次失败。你的文字还在。",
    wayOn: "restart",
    action: "重新启动引擎",
  },
  "lora-failed": {
    title: "适配器无法使用",
    sentence: "模型没有问题，但这个 LoRA 适配器没有完整送达，或与模型不匹配。你的文字还在。",
    wayOn: "without-lora",
    action: "不用适配器继续",
  },
  "modality-unsupported": {
    title: "这个模型只接受文字",
    sentence: "图片或声音给了一个没有加载相应部分的模型或引擎。",
    wayOn: "restart",
    action: "重新启动引擎",
  },
  "device-lost": {
    title: "GPU 已断开",
    sentence: "系统收回了 GPU，原因可能是驱动程序重启、睡眠或其他程序。你的文字还在。",
    wayOn: "restart",
    action: "重新启动引擎",
  },
};

/** @type {Record<import('../engine/choice.js').Choice['gpu'], string>} */
const WITHOUT_GPU = {
  gpu: "模型没有可用于 GPU 的文件",
  software: "此浏览器没有找到显卡",
  "insecure-origin": "浏览器只允许在 localhost 和 https 上使用 GPU",
  "no-webgpu": "此浏览器没有 WebGPU",
  "no-adapter": "此浏览器没有找到显卡",
};

/** @type {import('./languages.js').Spoken<typeof import('./en.js').texts>} */
export const texts = {
  language: "zh-CN",
  line,

  header: {
    promise: "任何内容都不会离开这台设备。",
    model: "模型",
  },

  tasks: {
    label: "要做什么",
    names: { post: "帖子", chat: "对话", lab: "实验室", documents: "文档", functions: "函数", senses: "看和听" },
    title: (id) =>
      ({
        chat: "onpage：在自己的设备上对话",
        lab: "onpage：在自己的设备上改写、翻译、提取",
        documents: "onpage：在自己的设备上向文档提问",
        functions: "onpage：在自己的设备上调用函数的模型",
        models: "onpage：你自己电脑上的模型",
        senses: "onpage：在自己的设备上就图片和声音提问",
      })[id] ?? "onpage：在自己的设备上写帖子",
  },

  about: {
    demo: "这是演示模型：五百万个权重，只懂英语。它把名字和日期抄进帖子，并不理解内容。",
    model: ({ name }, choice) => `${name} 正在${choice?.entry.backend === "CPU" ? "这台设备的处理器" : "你的 GPU"}上写作。它可能弄错事实：请核对名字、日期和数字。`,
    better: "换用真正的 Gemma",
    how: "停止服务器，然后在启动它的地方运行下面的命令；如果不在源代码目录中，请运行 onpage gemma。它会询问 Gemma 的许可证，下载 0.24 GB，并在几分钟内制作出适用于 GPU 和处理器的模型。无需账号。",
    command: "make gemma",
  },

  keys: {
    title: "键盘快捷键",
    close: "关闭",
    rows: (modifier) => [
      [`${modifier} Enter`, "写帖子，或发送消息"],
      ["Enter", "在对话中发送消息；Shift Enter 换行"],
      ["Escape", "停止正在写的回答"],
      [`${modifier} Z`, "撤销，编辑帖子时也可用"],
      ["?", "显示此列表"],
    ],
  },

  details: { title: "详情", bench: "测试此浏览器的速度", check: "检查这块 GPU 是否计算正确" },

  engine: {
    label: "引擎",
    automatic: "自动",
    automatically: (engine) => `自动：${engine}`,
    on: ({ name, backend }) => `${name}（${backend === "CPU" ? "处理器" : backend}）`,
    cannot: { "no-file": "没有对应的文件", "no-webgpu": "此处没有 WebGPU" },
    reason({ entry, chosen, gpu, fault }) {
      if (fault) return texts.notice.wrongGpu({ choice: { entry }, fault }).sentence;
      if (entry.backend === "WebGPU" && gpu !== "gpu") {
        const why = "运行缓慢，使用软件模拟的 GPU：此浏览器没有找到显卡";
        return chosen ? `${why}。` : `${why}，模型也没有可用于处理器的文件。`;
      }
      const where = entry.backend === "CPU" ? "在处理器上运行" : "在你的 GPU 上运行";
      if (chosen) return `按你的选择${where}。`;
      return entry.backend === "WebGPU" ? `${where}。` : `${where}：${WITHOUT_GPU[gpu]}。`;
    },
  },

  footer: {
    parameters: (count) => `${format.parameters(count)} 参数`,
    withLora: (lora) => `搭配 ${lora}`,
    inEngine: (engine) => `引擎 ${engine}`,
    onProcessor: "在处理器上",
    onGpu: (gpu) => `在 ${gpu} 上`,
    kept: (bytes) => (bytes ? `此浏览器保留了 ${size(bytes)} 的模型，供下次使用。` : "此浏览器没有保留模型。"),
    imported: (names) => `“移除”会保留你导入的模型：${format.list(names)}。可在“所有模型”中删除。`,
    licence: "模型许可证：",
    notices: "第三方声明与许可证",
    remove: "移除",
    theme: "外观",
    themes: { system: "跟随系统", light: "浅色", dark: "深色" },
    language: "语言",
    offline: "服务器没有响应。页面将使用此浏览器保留的内容继续工作。",
    keeper: {
      off: "",
      preparing: "",
      kept: "没有服务器时，此页面也能打开。",
      "not-kept": "此浏览器未保留页面，因为空间不足或连接中断，因此需要服务器。下次访问时会再试。",
      newer: "页面的新版本已就绪，关闭此页面的所有标签页后生效。",
    },
  },

  loading: {
    label: "正在加载模型",
    starting: "正在启动",
    preparing: "正在准备",
    steps: {
      waiting: "另一个标签页正在下载模型",
      reading: "正在读取模型",
      downloading: "正在下载模型",
      retrying: "正在等待服务器",
      creating: "正在创建引擎",
      warming: "正在预热",
      adapting: "正在应用适配器",
    },
    reasons: {
      first: "",
      model: "",
      engine: "",
      lora: "正在更换适配器",
      settings: "正在应用设置",
      senses: "正在加载看图和听声音的部分",
      seed: "正在换用下一个种子",
      restart: "",
      recover: "引擎已停止，正在重新启动",
      return: "正在回到上一个正常状态",
      elsewhere: "模型正在本页的另一处写作",
    },
    downloading: (progress) => {
      const { bytesPerSecond, secondsLeft } = progress;
      return line([bytes(progress), `${size(bytesPerSecond)}/s`, secondsLeft !== null && `还需 ${wait(secondsLeft)}`]);
    },
    retrying: (progress) => {
      const { retry } = progress;
      return line([bytes(progress), retry && `${PROBLEMS[retry.code].title}：${wait(retry.seconds)}后重试`]);
    },
    waiting: (progress) => line([bytes(progress), "另一个标签页正在下载模型"]),
    reading: (progress) => line([bytes(progress), "已存于此浏览器"]),
    received: (bytes) => `已收到并校验 ${size(bytes)}`,
    warming: "引擎正在预热，只有第一次较久。",
  },

  status: { writing: "正在写", stopping: "正在停止", load: "就绪", answer: "帖子写好了", chat: "回答完成", stop: "已停止" },

  notice: {
    madeRoom: (names) => ({ title: "已删除模型以腾出空间", sentence: `此浏览器删除了 ${format.list(names)}。如需使用，请在“所有模型”中重新获取。` }),
    restarted: { title: "引擎曾停止，已重新启动", sentence: "你的文字还在：可以接着做。" },
    kept: (problem) => ({ title: problem, sentence: "更改没有生效。页面保持原样。" }),
    wrongGpu: ({ choice: { entry }, fault: { engine, wrong, of } }) => ({
      title: "这块 GPU 计算有误",
      sentence:
        entry.id === engine
          ? `使用这个引擎时，${of} 道测试题中有 ${wrong} 道答错，写出的内容不可信。换一个引擎或模型可能会好些。`
          : `${of} 道测试题中有 ${wrong} 道答错，因此这个模型改用 ${texts.engine.on(entry)} 运行。`,
    }),
  },

  records: {
    troubles: {
      refused: "此浏览器不给页面存储空间，关闭标签页后此列表将消失。",
      full: "此浏览器没有空间了：新内容只保留到你关闭标签页。请在“所有模型”中删除一个模型，那里也写着还有多少空间。",
      "other-version": "另一个标签页打开的是此页面的另一版本，因此新内容只保留到你关闭标签页。请关闭或重新加载这两个标签页。",
    },
    dropped: (most, dropped) => `列表最多容纳 ${integer(most)} 项。已移除最旧的 ${integer(dropped)} 项。`,
  },

  history: {
    where: (most) => `最新的 ${integer(most)} 项保留在此浏览器中，仅在这台设备上，直到你删除为止。`,
    open: "打开",
    remove: "删除",
    undo: "撤销",
    more: "显示更多",
    json: "导出为 JSON",
    markdown: "导出为 Markdown",
    clear: "全部删除",
    clearAll: "是，删除",
    keep: "保留",
  },

  figures: {
    first: "首段文字",
    prefill: "预填充",
    decode: "解码",
    tokens: "输入 / 输出 token",
    seed: "种子",
    reused: (percent) => `复用 ${integer(percent)}%`,
    how: "这些数字如何测得",
    explained:
      "“首段文字”是从引擎收到提示词到此页面看到第一段文字的时间。“预填充”是提示词的 token 数除以这段时间。“解码”是第一段之后的 token 数" +
      "除以第一段与最后一段之间的时间。“输出 token”是引擎写出的 token；如果引擎一次写出几个，最后几个可能是空的。",
    held: (percent) => `引擎还留有上一条提示词中与这条相同的 ${integer(percent)}%，因此预填充看起来比实际更快。`,
  },

  element: {
    offer: (name) => `${name} 在这台设备上运行，不需要服务器。你写的内容不会离开这里。`,
    load: (bytes) => `加载 ${size(bytes)}`,
  },

  settings: {
    title: "设置",
    lora: "适配器",
    noLora: "无：模型原样",
    loraHelp: (lora, able) =>
      able ? `${lora ? `LoRA，秩 ${lora.rank}，${size(lora.size)}` : "LoRA：改变同一模型的写法"}。可随时开关，立即生效。` : "适配器需要 MediaPipe 引擎。请在上方选择。",
    precision: "精度",
    precisions: { auto: "按模型需要", float16: "float16", float32: "float32" },
    precisionHelp: (needed) =>
      needed === "float16"
        ? "GPU 的精度。此模型的数值适合 float16，速度更快，工作内存减半。"
        : "GPU 的精度。文件没有说明此模型的数值适合 float16，强行使用可能写坏文字，因此用 float32。",
    fields: {
      temperature: { label: "温度", help: "数值越高，文字越多变。" },
      topK: { label: "Top K", help: "从最可能的多少个 token 中选择。1 表示总取最可能的一个。" },
      seed: { label: "种子", help: "种子、文字和设置相同，帖子几乎相同。“再写一次”使用下一个种子。" },
      maxTokens: { label: "token 上限", help: "" },
    },
    context: (context) => `提示词与帖子合计。此模型最多支持 ${integer(context)}。`,
    apply: "应用",
    defaults: "默认值",
    note: "设置立即生效。提高 Top K、更改 token 上限或精度时，会从此浏览器的存储空间重新加载模型。",
  },

  chat,
  documents,
  functions,
  lab,
  models,
  post,
  senses,
};
