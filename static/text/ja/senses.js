// @ts-check
/** What the pictures and sounds say, in Japanese. */

import { format, integer, line, size } from "./words.js";

/** @type {Record<string, string>} */
const names = { describe: "画像を説明", ask: "質問する", transcribe: "音声を書き起こす", translate: "音声を翻訳" };

/** @type {import('../languages.js').Spoken<typeof import('../en/senses.js').senses>} */
export const senses = {
  region: "見る・聞く",
  templates: "すること",
  name: (id) => names[id] ?? id,
  add: "ファイルを追加",
  camera: "カメラ",
  microphone: "マイク",
  take: "撮影する",
  end: "終了",
  seen: "カメラの映像",
  recording: (seconds, most) => `録音中：${integer(seconds)} / ${integer(most)}秒`,
  question: "質問",
  language: "言語",
  sample: "この画像で試す",
  limits: (images, seconds) => `画像は${integer(images)}枚、音声は${integer(seconds)}秒まで。貼り付けやドロップもできます。このタブの外には残りません。`,
  remove: (name) => `${name}を削除`,
  picture: (name, tokens) => line([name, `${integer(tokens)}トークン`]),
  sound: (name, seconds, tokens, cut) => line([name, cut ? `最初の${integer(seconds)}秒` : `${integer(seconds)}秒`, `${integer(tokens)}トークン`]),
  meter: (tokens, room) => `${integer(tokens)} / ${integer(room)}トークン`,
  tooLong: "モデルのコンテキストに収まりません。画像を減らすか、「詳細」でトークンの上限を上げてください。",
  run: "モデルに聞く",
  stop: "停止",
  stopping: "停止中…",
  missing: { image: "先に画像を追加してください。", audio: "先に録音を追加してください。", either: "先に画像か録音を追加してください。", question: "先に質問を入力してください。" },
  ability: {
    load: (model, bytes) => `${model}にはできますが、テキストの部分だけが読み込まれています。残りを読み込むにはモデルを読み直し（${size(bytes)}）、GPUメモリがさらに必要です。その間アダプターは使えません。`,
    loadIt: "読み込む",
    other: (model) => `このモデルはテキスト専用です。${model}ならできます。`,
    switchTo: (model, bytes) => `${model}を読み込む（${size(bytes)}）`,
    none: "画像を見たり音声を聞いたりできるモデルがありません。Gemma 3nならGPUでできます。サーバーで次を実行してください：",
    loaded: "画像と音声用に読み込まれています。",
    unload: "テキストのみに戻す",
  },
  answer: {
    title: "回答",
    log: "回答",
    empty: "モデルに画像を見せるか、短い言葉を聞かせてください。どこにも送信されません。",
    example: "例（人が書いたもの）",
    exampleText: "緑のドアに看板：「パン屋、8–14時営業、月曜定休」。ドアの横に、かごの付いた赤い自転車があります。",
    by: (model) => `${model}による`,
    copy: "コピー",
    copied: "コピーしました",
    selected: (key) => `選択しました：${key} C を押してください`,
    again: "書き直す",
    nothing: "モデルは何も言いませんでした。",
    endings: { model: "", limit: "回答が繰り返しになったか長くなりすぎたため、ページがここで終わらせました。", context: "コンテキストがいっぱいです。", stopped: "ここで停止しました。", lost: "回答はここで途切れています。" },
  },
  history: {
    title: (count) => `以前の回答 · ${integer(count)}`,
    deleted: "回答を削除しました。",
    sure: (count) => `${count === 1 ? "この回答" : `${integer(count)}件の回答すべて`}を完全に削除しますか？`,
    file: "画像と音声についての回答",
    about: ({ at, template, model }) => line([names[template], format.moment(at), model]),
  },
  figures: { title: "直前の回答" },
  problems: {
    "unknown-kind": "画像（PNG、JPEG、WebP、AVIF、GIF、BMP）でも、このブラウザで再生できる音声でもありません。",
    "too-large": "ファイルが大きすぎます。画像は50 MB、音声は16 MBまでです。",
    "too-many-pixels": "この画像は6400万画素を超えています。小さくしてください。",
    "too-long": "この音声は10分を超えています。必要な部分を切り出してください。",
    damaged: "このファイルは読めません。壊れている可能性があります。",
    silent: "音声が入っていません。",
    "too-many": "画像はこれ以上追加できません。先に1枚削除してください。",
    denied: "ブラウザが許可していません。アドレスの横で許可してから、もう一度試してください。",
    "no-device": "この端末にはないか、接続されていません。",
    busy: "ほかのプログラムが使用中か、応答がありません。",
    insecure: "ブラウザは、localhostとhttpsでのみカメラとマイクを許可します。",
  },
};
