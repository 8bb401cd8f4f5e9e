// @ts-check
/**
 * What the page says, in Japanese.
 *
 * Words used throughout: model モデル, engine エンジン, adapter アダプター, prompt プロンプト, token トークン, context コンテキスト,
 * seed シード, temperature 温度, precision 精度, processor CPU, GPU GPU, browser ブラウザ, server サーバー, device 端末,
 * download ダウンロード, load 読み込む, post 投稿, chat チャット, lab ラボ, document 文書, passage 箇所, source 出典, answer 回答,
 * instruction 指示, template テンプレート, settings 設定, default 既定値, keep 保存する, delete 削除, storage 保存領域.
 * Sentences end in です・ます, buttons in a noun or a plain verb. No space between Japanese and Latin letters or figures; quotation marks are 「」.
 */

import { chat } from "./ja/chat.js";
import { documents } from "./ja/documents.js";
import { functions } from "./ja/functions.js";
import { lab } from "./ja/lab.js";
import { models } from "./ja/models.js";
import { post } from "./ja/post.js";
import { senses } from "./ja/senses.js";
import { format, integer, line, size, wait } from "./ja/words.js";

export { format };

/** @param {{loaded: number, total: number}} progress */
const bytes = ({ loaded, total }) => `${size(loaded)} / ${size(total)}`;

/** @type {typeof import('./en.js').PROBLEMS} */
export const PROBLEMS = {
  "insecure-origin": {
    title: "このアドレスではGPUを使えません",
    sentence: "ブラウザは安全なアドレスでのみWebGPUを許可します。サーバーがこのコンピューターで動いている場合は、http://localhost を開いてください。それ以外の場合は、このページをHTTPSで提供してください。",
    wayOn: "localhost",
    action: "localhostで開く",
  },
  "no-webgpu": {
    title: "このブラウザにはWebGPUがありません",
    sentence: "このモデルにはWebGPUが必要ですが、このブラウザにはありません。次のブラウザで使えます。",
    wayOn: "reload-page",
    action: "もう一度確認",
    steps: [
      "Windows、macOS、ChromeOSのChromeまたはEdge 113以降：設定は不要です。",
      "LinuxのChrome：chrome://flags/#enable-unsafe-webgpu を開き、Enabledを選んで、Chromeを再起動します。",
      "macOS、iOS、iPadOSのSafari 26以降：設定は不要です。",
      "WindowsのFirefox 141以降：設定は不要です。その他のシステムでは、about:config で dom.webgpu.enabled を有効にします。",
    ],
  },
  "no-adapter": {
    title: "使えるGPUが見つかりません",
    sentence: "このブラウザはWebGPUに対応していますが、使えるグラフィックスカードが見つかりませんでした。",
    wayOn: "reload-page",
    action: "もう一度確認",
    steps: [
      "ブラウザのシステム設定で「グラフィック アクセラレーションが使用可能な場合は使用する」をオンにして、ブラウザを再起動します。",
      "グラフィックスドライバーを更新します。ブラウザがブロックしているかどうかは chrome://gpu でわかります。",
      "LinuxのChrome：chrome://flags/#enable-vulkan を開き、Enabledを選んで、Chromeを再起動します。",
    ],
  },
  "server-unreachable": {
    title: "サーバーが応答しません",
    sentence: "ページのファイルを読み込めませんでした。onpage serveが動いていること、この端末がオンラインであることを確認してください。",
    wayOn: "reload-page",
    action: "再試行",
  },
  "no-model": {
    title: "実行できるモデルがありません",
    sentence: "サーバーがモデルを提供していません。サーバーを止め、onpage serve --model FILE で起動してください。",
    wayOn: "reload-page",
    action: "再試行",
  },
  "model-missing": {
    title: "モデルが見つかりません",
    sentence: "サーバーの一覧にあったモデルファイルがなくなっています。onpage serveを起動し直してから、モデルを読み込んでください。",
    wayOn: "reload-page",
    action: "再試行",
  },
  "model-not-kept": {
    title: "このブラウザにはモデルが保存されていません",
    sentence: "サーバーが応答しません。このブラウザにはページだけが保存され、モデルは保存されていません。onpage serveを起動し直すか、オンラインにしてから、再試行してください。",
    wayOn: "reload-page",
    action: "再試行",
  },
  "model-corrupt": {
    title: "モデルファイルが壊れています",
    sentence: "届いたファイルが、サーバーの一覧にあったものと一致しません。ファイルは削除され、何も実行されていません。",
    wayOn: "restart",
    action: "もう一度ダウンロード",
  },
  "model-unfit": {
    title: "このモデルは誤った文章を書きます",
    sentence: "エンジンが読むより多くのスケールがファイルに入っています。onpage convert でモデルをもう一度変換してから読み込んでください。",
    wayOn: "reload-page",
    action: "再試行",
  },
  "download-cut": {
    title: "ダウンロードが途切れました",
    sentence: "サーバーとの接続が5分間切れ続けました。届いた分は保存されています。",
    wayOn: "restart",
    action: "続ける",
  },
  "server-busy": {
    title: "サーバーが混み合っています",
    sentence: "サーバーまたは途中のプロキシが、このページの上限より長い待ち時間を求めました。届いた分は保存されています。",
    wayOn: "restart",
    action: "続ける",
  },
  "server-refused": {
    title: "サーバーがダウンロードを拒否しました",
    sentence: "サーバーまたは途中のプロキシが、モデルの送信を拒否しています。ページを開き直し、求められたらログインしてください。",
    wayOn: "reload-page",
    action: "再試行",
  },
  "engine-failed": {
    title: "エンジンが停止しました",
    sentence: "ページが一度再起動しましたが、また失敗しました。文章は残っています。",
    wayOn: "restart",
    action: "エンジンを再起動",
  },
  "lora-failed": {
    title: "アダプターを使えません",
    sentence: "モデルに問題はありませんが、このLoRAアダプターは完全に届いていないか、モデルに合いません。文章は残っています。",
    wayOn: "without-lora",
    action: "アダプターなしで続ける",
  },
  "modality-unsupported": {
    title: "このモデルはテキスト専用です",
    sentence: "画像や音声を読み込んでいないモデルまたはエンジンに、画像か音声が渡されました。",
    wayOn: "restart",
    action: "エンジンを再起動",
  },
  "device-lost": {
    title: "GPUが使えなくなりました",
    sentence: "ドライバーの再起動、スリープ、ほかのプログラムなどにより、システムがGPUを取り上げました。文章は残っています。",
    wayOn: "restart",
    action: "エンジンを再起動",
  },
};

/** @type {Record<import('../engine/choice.js').Choice['gpu'], string>} */
const WITHOUT_GPU = {
  gpu: "モデルにGPU用のファイルがありません",
  software: "このブラウザはグラフィックスカードを見つけられませんでした",
  "insecure-origin": "ブラウザはlocalhostとhttpsでのみGPUを許可します",
  "no-webgpu": "このブラウザにはWebGPUがありません",
  "no-adapter": "このブラウザはグラフィックスカードを見つけられませんでした",
};

/** @type {import('./languages.js').Spoken<typeof import('./en.js').texts>} */
export const texts = {
  language: "ja",
  line,

  header: {
    promise: "この端末の外には何も送られません。",
    model: "モデル",
  },

  tasks: {
    label: "すること",
    names: { post: "投稿", chat: "チャット", lab: "ラボ", documents: "文書", functions: "関数", senses: "見る・聞く" },
    title: (id) =>
      ({
        chat: "onpage：自分の端末でチャット",
        lab: "onpage：自分の端末で書き換え、翻訳、抽出",
        documents: "onpage：自分の端末で文書に質問",
        functions: "onpage：自分の端末で関数を使うモデル",
        models: "onpage：自分のコンピューターにあるモデル",
        senses: "onpage：自分の端末で画像や音声について質問",
      })[id] ?? "onpage：自分の端末でSNS投稿を作成",
  },

  about: {
    demo: "これはデモモデルです。重みは500万個、わかるのは英語だけです。名前と日付を投稿に写しますが、内容は理解していません。",
    model: ({ name }, choice) => `${name}が${choice?.entry.backend === "CPU" ? "この端末のCPU" : "GPU"}で書いています。事実を誤ることがあります。名前、日付、数字を確認してください。`,
    better: "本物のGemmaを使う",
    how: "サーバーを止め、起動した場所で次のコマンドを実行してください。ソースコードのフォルダーの外では onpage gemma です。Gemmaのライセンスを確認し、0.24 GBをダウンロードして、GPU用とCPU用のモデルを数分で作ります。アカウントは不要です。",
    command: "make gemma",
  },

  keys: {
    title: "キーボードショートカット",
    close: "閉じる",
    rows: (modifier) => [
      [`${modifier} Enter`, "投稿を書く、メッセージを送る"],
      ["Enter", "チャットのメッセージを送る（Shift Enterで改行）"],
      ["Escape", "書いている途中の回答を止める"],
      [`${modifier} Z`, "元に戻す（投稿の編集中も）"],
      ["?", "この一覧を表示"],
    ],
  },

  details: { title: "詳細", bench: "このブラウザの速さを測る", check: "この GPU の計算が正しいか確かめる" },

  engine: {
    label: "エンジン",
    automatic: "自動",
    automatically: (engine) => `自動：${engine}`,
    on: ({ name, backend }) => `${name}（${backend}）`,
    cannot: { "no-file": "対応するファイルなし", "no-webgpu": "WebGPUなし" },
    reason({ entry, chosen, gpu, fault }) {
      if (fault) return texts.notice.wrongGpu({ choice: { entry }, fault }).sentence;
      if (entry.backend === "WebGPU" && gpu !== "gpu") {
        const why = "ソフトウェアで再現したGPUで動くため、低速です。このブラウザはグラフィックスカードを見つけられませんでした";
        return chosen ? `${why}。` : `${why}。モデルにはCPU用のファイルもありません。`;
      }
      const where = entry.backend === "CPU" ? "CPUで動いています" : "GPUで動いています";
      if (chosen) return `選択どおり、${where}。`;
      return entry.backend === "WebGPU" ? `${where}。` : `${where}。${WITHOUT_GPU[gpu]}。`;
    },
  },

  footer: {
    parameters: (count) => `${format.parameters(count)}パラメーター`,
    withLora: (lora) => `${lora}を適用`,
    inEngine: (engine) => `エンジンは${engine}`,
    onProcessor: "CPUで実行",
    onGpu: (gpu) => `${gpu}で実行`,
    kept: (bytes) => (bytes ? `次回のため、このブラウザに${size(bytes)}のモデルが保存されています。` : "このブラウザにモデルは保存されていません。"),
    imported: (names) => `「削除」しても、ファイルから読み込んだモデルは残ります：${format.list(names)}。「すべてのモデル」で削除できます。`,
    licence: "モデルのライセンス：",
    notices: "第三者の著作権表示とライセンス",
    remove: "削除",
    theme: "外観",
    themes: { system: "システムに合わせる", light: "ライト", dark: "ダーク" },
    language: "言語",
    offline: "サーバーが応答しません。このブラウザに保存されているもので続けます。",
    keeper: {
      off: "",
      preparing: "",
      kept: "このページはサーバーがなくても開けます。",
      "not-kept": "空きがないか接続が切れたため、このブラウザはページを保存しておらず、サーバーが必要です。次に開いたときにもう一度試します。",
      newer: "このページの新しい版が用意できました。このページのタブをすべて閉じると切り替わります。",
    },
  },

  loading: {
    label: "モデルを読み込み中",
    starting: "起動中",
    preparing: "準備中",
    steps: {
      waiting: "別のタブがモデルをダウンロード中",
      reading: "モデルを読み取り中",
      downloading: "モデルをダウンロード中",
      retrying: "サーバーを待機中",
      creating: "エンジンを作成中",
      warming: "ウォームアップ中",
      adapting: "アダプターを適用中",
    },
    reasons: {
      first: "",
      model: "",
      engine: "",
      lora: "アダプターを切り替え中",
      settings: "設定を適用中",
      senses: "画像と音声の部分を読み込み中",
      seed: "次のシードを設定中",
      restart: "",
      recover: "エンジンが停止したため、再起動中",
      return: "最後に動いていた状態に戻しています",
      elsewhere: "モデルはこのページの別の場所で書いています",
    },
    downloading: (progress) => {
      const { bytesPerSecond, secondsLeft } = progress;
      return line([bytes(progress), `${size(bytesPerSecond)}/s`, secondsLeft !== null && `残り${wait(secondsLeft)}`]);
    },
    retrying: (progress) => {
      const { retry } = progress;
      return line([bytes(progress), retry && `${PROBLEMS[retry.code].title}。${wait(retry.seconds)}後に再試行します`]);
    },
    waiting: (progress) => line([bytes(progress), "別のタブがモデルをダウンロード中"]),
    reading: (progress) => line([bytes(progress), "このブラウザに保存済み"]),
    received: (bytes) => `${size(bytes)}を受信し、検証しました`,
    warming: "エンジンをウォームアップしています。時間がかかるのは初回だけです。",
  },

  status: { writing: "書いています", stopping: "停止しています", load: "準備ができました", answer: "投稿ができました", chat: "回答が終わりました", stop: "停止しました" },

  notice: {
    madeRoom: (names) => ({ title: "空きを作るためにモデルを削除しました", sentence: `このブラウザーから ${format.list(names)} を削除しました。必要なら「すべてのモデル」で入手し直してください。` }),
    restarted: { title: "エンジンが停止したため、再起動しました", sentence: "文章は残っています。そのまま続けられます。" },
    kept: (problem) => ({ title: problem, sentence: "変更は行われませんでした。ページは元のまま使えます。" }),
    wrongGpu: ({ choice: { entry }, fault: { engine, wrong, of } }) => ({
      title: "この GPU は計算を誤ります",
      sentence:
        entry.id === engine
          ? `このエンジンではテスト ${of} 問中 ${wrong} 問が誤りでした。書かれた内容は信用できません。別のエンジンかモデルをお試しください。`
          : `テスト ${of} 問中 ${wrong} 問が誤りだったため、このモデルは ${texts.engine.on(entry)} で動かしています。`,
    }),
  },

  records: {
    troubles: {
      refused: "このブラウザがページに保存領域を与えないため、タブを閉じるとこの一覧は消えます。",
      full: "このブラウザには空きがないため、新しいものはタブを閉じるまでしか残りません。「すべてのモデル」でモデルを削除してください。空きの大きさもそこに出ます。",
      "other-version": "別のタブでこのページの別の版が開いているため、新しいものはタブを閉じるまでしか残りません。両方のタブを閉じるか、再読み込みしてください。",
    },
    dropped: (most, dropped) => `一覧に残るのは${integer(most)}件までです。古いものから${integer(dropped)}件を削除しました。`,
  },

  history: {
    where: (most) => `新しいものから${integer(most)}件が、削除するまで、この端末のこのブラウザだけに保存されます。`,
    open: "開く",
    remove: "削除",
    undo: "元に戻す",
    more: "さらに表示",
    json: "JSONで書き出す",
    markdown: "Markdownで書き出す",
    clear: "すべて削除",
    clearAll: "はい、削除します",
    keep: "残す",
  },

  figures: {
    first: "最初の文字まで",
    prefill: "プリフィル",
    decode: "デコード",
    tokens: "入力 / 出力トークン",
    seed: "シード",
    reused: (percent) => `${integer(percent)}%を再利用`,
    how: "測り方",
    explained:
      "「最初の文字まで」は、エンジンがプロンプトを受け取ってから、このページに最初の文字が届くまでの時間です。「プリフィル」は、プロンプトのトークン数を" +
      "その時間で割った値です。「デコード」は、最初の文字より後のトークン数を、最初の文字から最後の文字までの時間で割った値です。「出力トークン」は、" +
      "エンジンが書いたトークンの数です。エンジンが一度に複数を書く場合、最後のいくつかは空のことがあります。",
    held: (percent) => `前のプロンプトと共通する${integer(percent)}%がエンジンに残っていたため、プリフィルは実際より速く見えます。`,
  },

  element: {
    offer: (name) => `${name}は、サーバーなしで、この端末で動きます。書いたものはここから出ません。`,
    load: (bytes) => `読み込む（${size(bytes)}）`,
  },

  settings: {
    title: "設定",
    lora: "アダプター",
    noLora: "なし：モデルのまま",
    loraHelp: (lora, able) =>
      able
        ? `${lora ? `LoRA、ランク${lora.rank}、${size(lora.size)}` : "LoRA：同じモデルの書き方を変えます"}。すぐに切り替えられます。`
        : "アダプターにはMediaPipeエンジンが必要です。上で選んでください。",
    precision: "精度",
    precisions: { auto: "モデルに合わせる", float16: "float16", float32: "float32" },
    precisionHelp: (needed) =>
      needed === "float16"
        ? "GPUの精度です。このモデルの数値はfloat16に収まります。float16のほうが速く、作業メモリが半分で済みます。"
        : "GPUの精度です。このモデルの数値がfloat16に収まるかどうか、ファイルに記載がありません。収まらないと文章が崩れるため、float32を使います。",
    fields: {
      temperature: { label: "温度", help: "高いほど、文章が多様になります。" },
      topK: { label: "Top K", help: "可能性の高い順に、いくつのトークンから選ぶかです。1なら常に最も可能性の高いものを選びます。" },
      seed: { label: "シード", help: "シード、文章、設定が同じなら、投稿もほぼ同じになります。「書き直す」は次のシードを使います。" },
      maxTokens: { label: "トークンの上限", help: "" },
    },
    context: (context) => `プロンプトと投稿の合計です。このモデルは${integer(context)}まで扱えます。`,
    apply: "適用",
    defaults: "既定値",
    note: "すぐに適用されます。Top Kを上げるか、トークンの上限か精度を変えると、このブラウザの保存領域からモデルを読み込み直します。",
  },

  chat,
  documents,
  functions,
  lab,
  models,
  post,
  senses,
};
