// @ts-check
/** What the models' page says, in Japanese. */

import { format, integer, size } from "./words.js";

export const models = {
  region: "モデル",
  /** In place of the menu, for those who look for more. */
  all: "すべてのモデル",
  here: "このデバイスとサーバーのモデル",
  published: "公開されているがこのサーバーにないモデル",
  how: "このページだけではダウンロードできません。ターミナルでコマンドを実行し、onpage serve を --model と id を付けて起動してください。",
  /** @param {{usage: number, quota: number}} storage bytes */
  storage: ({ usage, quota }) => `このページは、ブラウザが許す ${size(quota)} のうち ${size(usage)} を使っています。`,
  lasting: "ディスクがいっぱいになっても、ブラウザは削除しません。",
  notLasting: "ディスクがいっぱいになると、ブラウザがすべて削除することがあります。",
  rule: "新しいモデルを置く空きがないときは、最後に使ってから最も時間がたったモデルが削除されます。",
  persist: "モデルを残すようブラウザに頼む",
  file: "ファイルを読み込む",
  folder: "フォルダーを読み込む",
  take: "ブラウザ用に作られた .task、.litertlm、.bin のファイル、またはGemma 1から4と3n（Hugging FaceのフォルダかGGUFファイル。ここで変換します。LoRAアダプターのフォルダも一緒に選ぶと統合します）。すべてここで読み込まれ、どこにも送信されません。",
  conversion: {
    /** @param {string} name of the folder */
    asked: (name) => `${name} はチェックポイントです。このブラウザ用に変換しますか？`,
    /** @param {string} name of the folder @param {string} adapter of its folder */
    askedMerged: (name, adapter) => `${name} はチェックポイントです。アダプター ${adapter} を重みに統合して、このブラウザ用に変換しますか？`,
    adapter: "統合するアダプター",
    noAdapter: "なし：チェックポイントのまま",
    bits: {
      8: "8ビット：重み1つにつき約1バイトで、答えはチェックポイントとほぼ同じです",
      q4_0: "4ビット：さらに3分の1小さく、答えの質は明らかに下がります。Q4_0のGGUFファイルはそのまま移されます",
    },
    same: "変換はこのデバイスで行います。次のコマンドでも同じファイルができます：",
    convert: "変換する",
    decline: "あとで",
    cancel: "中止",
  },
  nothingHere: "まだ何もありません。",
  /** @param {number} bytes */
  whole: (bytes) => `このブラウザにあります（${size(bytes)}）`,
  /** @param {number} bytes @param {number} total */
  part: (bytes, total) => `${size(total)} のうち ${size(bytes)} がこのブラウザにあります`,
  absent: "このブラウザにはありません",
  /** @param {number} bytes */
  lent: (bytes) => `ダウンロードは${size(bytes)}：残りはここにある別のモデルのものを使います`,
  elsewhere: "別のサイトが共有しているため、ここでは容量を使いません",
  imported: "ファイルから読み込み",
  unknown: "このサーバーに同じモデルはありません",
  /** @param {number} bytes */
  about: (bytes) => `約 ${size(bytes)}`,
  noSize: "サイズは未公開",
  /** @param {number} tokens */
  context: (tokens) => `コンテキスト ${integer(tokens)} トークン`,
  /** @param {number} bytes */
  onDemand: (bytes) => `うち ${size(bytes)} は GPU メモリを使いません`,
  /** @param {string} kinds */
  takes: (kinds) => `入力：${kinds}`,
  /** @type {Record<string, string>} */
  kinds: { text: "テキスト", image: "画像", audio: "音声" },
  /** What a model is for that writes nothing. */
  compares: "文書を意味で検索",
  licence: "ライセンス",
  gated: "先にライセンスへの同意が必要",
  fits: "このデバイスで使えます。",
  /** @param {Pick<import('../../tasks/models/rows.js').Row, 'size' | 'most'>} row @returns {Record<import('../../tasks/models/rows.js').Unfit, string>} */
  unfit: ({ size: bytes, most }) => ({
    "no-webgpu": "WebGPUが必要ですが、このブラウザでは使えません。",
    software: "動作が遅くなります。このブラウザはグラフィックカードを見つけられませんでした。",
    memory: "このデバイスのメモリに収まらない可能性があります。",
    "no-room": `このブラウザには保存する空きがありません。${size(bytes ?? 0)} が必要ですが、ほかのモデルをすべて削除しても ${size(most)} です。ディスクの空きを増やすか、もっと小さいモデルを使ってください。`,
  }),
  /** @param {string[]} models */
  evicts: (models) => {
    const names = format.list(models);
    return `空きを作るため、${names} が削除されます。`;
  },
  agree: "削除して読み込む",
  /** @param {{decode: number | null, prefill: number | null}} speed tokens per second */
  measured: ({ decode, prefill }) => {
    const rate = format.rate(decode);
    return `ここでの計測：デコード ${rate}` + (prefill === null ? "" : ` · ${measuredPrefill(prefill)}`);
  },
  /** @param {{decode: number, device: string}} speed */
  quoted: ({ decode, device }) => {
    const rate = format.rate(decode);
    return `公開値：${device} でデコード ${rate}`;
  },
  use: "使う",
  inUse: "使用中",
  download: "ダウンロード",
  resume: "再開",
  pause: "一時停止",
  check: "検査",
  remove: "削除",
  /** @param {number} count */
  removeReally: (count) => {
    const bytes = size(count);
    return `${bytes} を削除しますか？元に戻せません`;
  },
  share: "ほかのサイトと共有",
  doing: { keep: "ダウンロード中", check: "検査中", import: "読み込み中", convert: "変換中" },
  /** @param {string} name */
  progress: (name) => `${name} の進み具合`,
  /** A button of one model, for who does not see which. @param {string} act @param {string} name */
  of: (act, name) => `${act}：${name}`,
  /** @param {import('../../tasks/models/model_shelf.js').Said} said */
  said({ outcome, name, bytes = 0, most = null, refusal = "unknown", reason = "damaged", detail = "", names = [] }) {
    if (outcome === "unconverted") return unconverted(name, detail)[reason];
    if (outcome === "refused") return refusals(name)[refusal];
    if (outcome === "several") return `ここには複数のチェックポイントがあります（${format.list(names)}）。そのうち1つのフォルダーかファイルを読み込んでください。`;
    if (outcome === "nothing") return nothing(name);
    return {
      kept: `${name} をこのブラウザに保存しました。ハッシュは正しい値です。`,
      paused: `${name} を一時停止しました。届いた分は残ります。`,
      checked: `${name} は壊れていません。ハッシュは正しい値です。`,
      damaged: `${name} は壊れていたため削除しました。もう一度ダウンロードするか、ファイルを読み込み直してください。`,
      failed: `${name} を取得できませんでした：${detail}`,
      "no-room": noRoom(name, bytes, most),
      elsewhere: `${name} は別のサイトが共有していて、ハッシュは正しい値です。そこから動き、ここでは容量を使いません。`,
      deleted: `${name} を削除し、${size(bytes)} の空きができました。`,
      "in-use": `タブが使用中のため、${name} を削除できませんでした。`,
      imported: `${name} を読み込みました。「使う」を押すと動きます。${turns[detail] ?? ""}`,
      converted: detail ? `アダプター ${detail} を統合して ${name} を変換し、このブラウザに保存しました。「使う」を押すと動きます。` : `${name} を変換して、このブラウザに保存しました。「使う」を押すと動きます。`,
      "made-room": `空きを作るために削除：${format.list(names)}。`,
      cancelled: `${name} の変換を中止しました。何も保存していません。`,
      known: `${name} は一覧にあるモデルです。このブラウザに保存しました。`,
      shared: `ハッシュを知っているほかのサイトが ${name} を読めるようになりました。`,
      "not-shared": `ブラウザは ${name} を共有しませんでした。`,
      lasting: "これからブラウザはモデルを残します。",
      "not-lasting": "ブラウザは同意しませんでした。このページを使う頻度で決まります。ページをインストールするかブックマークしてから、もう一度頼んでください。",
    }[outcome];
  },
};

/** @param {number} prefill */
function measuredPrefill(prefill) {
  const rate = format.rate(prefill);
  return `プリフィル ${rate}`;
}

/** How a file is asked that says no turns. @type {Record<string, string>} */
const turns = {
  usual: "このファイルはターンの書き方を示していないため、Gemmaと同じように質問します。",
  none: "このファイルはターンの書き方を示しておらず、Gemmaのターンも知らないため、文章だけを渡します。",
};

/** @param {string} kind of the files that were brought */
function nothing(kind) {
  if (kind === "adapter") return "これはモデルのないLoRAアダプターです。そのフォルダーを、学習元のチェックポイントかGGUFファイルと一緒に読み込んでください。";
  return kind ? "このフォルダーはチェックポイントです。onpage convert でブラウザ用のファイルを作ってから読み込んでください。" : "このフォルダーにモデルファイルがありません。.task、.litertlm、.bin のいずれかが必要です。";
}

/** @param {string} name @param {number} bytes @param {number | null} most */
function noRoom(name, bytes, most) {
  if (most === null) return `このブラウザはここではページに保存領域を与えないため、${name} を保存できません。localhost または https でページを開き、プライベートウィンドウは使わないでください。`;
  if (bytes > most) return `このブラウザには ${name} を保存する空きがありません。${size(bytes)} が必要ですが、ほかのモデルをすべて削除しても ${size(most)} です。ディスクの空きを増やすか、もっと小さいモデルを選んでください。`;
  return `このブラウザには ${name} を保存する空きが見つかりませんでした。${size(bytes)} が必要で、ブラウザは ${size(most)} まで使えると言っていますが、ディスクがいっぱいか、ほかのモデルがタブで使われています。ディスクの空きを増やし、このページのほかのタブを閉じてから、もう一度試してください。`;
}

/** @param {string} name @returns {Record<import('../../engine/model_file.js').Refusal, string>} */
const refusals = (name) => ({
  gguf: `${name} はGGUFファイルです。名前が .gguf で終わるようにして、それだけを読み込むと、このページで変換します。`,
  safetensors: `${name} はチェックポイントの重みです。そのフォルダーから onpage convert でブラウザ用のファイルを作り、それを読み込んでください。`,
  "bare-graph": `${name} はトークナイザーのないグラフか、アダプターです。グラフは onpage bundle で1つのファイルにしてから読み込んでください。`,
  scales: `${name} では、エンジンが誤った文章を書きます。エンジンが読むより多くのスケールが入っているためです。onpage convert でモデルをもう一度変換してから読み込んでください。`,
  "web-page": `${name} はウェブページです。サインインの画面かもしれません。モデルをもう一度ダウンロードしてください。`,
  pointer: `${name} はGit LFSのファイルを指しているだけです。ファイルそのものを取得してください。`,
  compressed: `${name} は圧縮されています。展開してから、中のファイルを読み込んでください。`,
  short: `${name} はモデルとしては短すぎます。もう一度ダウンロードしてください。`,
  unknown: `${name} はブラウザで動くモデルではありません。ウェブファイル、.task、.litertlm のいずれかが必要です。onpage convert で作れます。`,
});

/** @param {string} name @param {string} detail @returns {Record<import('../../convert/refusal.js').RefusalCode, string>} */
const unconverted = (name, detail) => ({
  incomplete: `${name} は変換できません。${detail} がありません。すべてのファイルをダウンロードして、一緒に読み込んでください。`,
  unreadable: `${name} は変換されませんでした。読み込み中に ${detail} が移動または変更されました。ファイルを選び直してください。`,
  damaged: `${name} は変換できません。ファイルが壊れているか、別のモデルのものです（${detail}）。もう一度ダウンロードしてください。`,
  family: `${name} は別の種類のモデルです（${detail}）。このページが変換するのは文章用のGemma 1から4と3nです。ほかは onpage convert を使ってください。`,
  setting: `${name} は変換できません。ブラウザ用のファイルではこの設定を表せません（${detail}）。`,
  quantized: `${name} はすでに量子化されています（${detail}）。元のチェックポイントを使ってください。`,
  types: `${name} は変換できません。重みの型を読めません（${detail}）。BF16、F16、F32のいずれかで保存してください。`,
  template: `${name} のチャットテンプレートは、ここでは会話の形式として読み取れません（${detail}）。onpage convert はより多くのテンプレートを読み取れ、形式を自分で指定することもできます。`,
  tokenizer: `${name} のトークナイザーはこのページでは使えません（${detail}）。onpage convert で変換すると、詳しい説明が出ます。`,
  adapter: `${name} はこのアダプターと一緒に変換できません。このページで統合できる範囲を超えているか、別のモデル用です（${detail}）。onpage convert --merge-lora を使うと詳しく分かります。`,
  large: `${name} は変換できません。${detail} はブラウザ用のファイルには大きすぎます。`,
  "not-finite": `${name} は変換できません。${detail} に数値として使えない重みがあります。`,
  unexpected: `${name} は変換できませんでした。このブラウザで問題が起きました（メモリ不足かもしれません）。ページを再読み込みしてもう一度試すか、onpage convert で変換してください。`,
});
