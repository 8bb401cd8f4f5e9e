// @ts-check
/** What the functions say, in Japanese. */

import { format, integer, line } from "./words.js";

/** Of the page's tools, by the names that the model writes. @type {Record<string, {title: string, sentence: string}>} */
const tools = {
  get_time: { title: "時計", sentence: "ここや各地の都市の時刻、日付、曜日。" },
  calculate: { title: "計算機", sentence: "正確な計算：0.1 + 0.2は0.3です。" },
  convert_units: { title: "単位", sentence: "長さ、質量、温度、体積など。" },
  set_theme: { title: "ページの外観", sentence: "ライト、ダーク、またはシステムに合わせる。" },
  set_language: { title: "ページの言語", sentence: "このページで使える言語のひとつ。" },
  search_documents: { title: "自分の文書", sentence: "「文書」に追加したものを検索します。" },
};

/** Of a tool. @param {string} name */
const titleOf = (name) => (Object.hasOwn(tools, name) ? tools[name].title : name);

/** @type {import('../languages.js').Spoken<typeof import('../en/functions.js').functions>} */
export const functions = {
  region: "関数",
  tools,
  titleOf,
  shelf: {
    title: "関数",
    count: (on, all) => `関数（${integer(all)}件中${integer(on)}件）`,
    sentence: "チェックした関数だけをモデルに伝えます。モデルができるのは頼むことだけで、許可するまで何も実行されません。",
    own: "自作：結果は自分で入力します。",
    always: "この会話では常に許可",
    ask: "また確認する",
    askAgain: (name) => `${titleOf(name)}の実行前にまた確認する`,
    edit: "編集",
    editOne: (name) => `${name}を編集`,
    remove: "削除",
    removeReally: "もう一度押すと削除",
    removeOne: (name) => `${name}を削除`,
    add: "自作の関数を追加",
    editing: "自作の関数",
    label: "名前、説明、引数（JSONとJSON Schemaで）",
    help: "ページはこの関数のために何も実行しません。モデルが呼び出すと引数が表示され、結果は自分で入力します。returnsがあればフォーム、なければ文章です。",
    keep: "保存",
    cancel: "キャンセル",
    refused: ({ code, detail }) => problems[code](detail),
  },
  composer: {
    form: "質問",
    label: "してほしいこと",
    placeholder: "80の15%はいくつ？12 kmは何マイル？",
    ask: "聞く",
    stop: "停止",
    stopping: "停止しています…",
    fresh: "新しい会話",
    waiting: "モデルの呼び出しが許可を待っています。それまで何も実行されません。",
    checking: "モデルが書いています…",
    forgotten: (count) => `コンテキストがいっぱいのため、最初の${integer(count)}件の質問はもうモデルに見えません。`,
    none: "チェックした関数がないため、モデルは自分だけで答えます。",
  },
  unable: {
    title: "デモモデルは関数を呼び出しません",
    sentence: "デモモデルは投稿しか書けません。Qwen3 0.6B（0.6 GB）など、関数の呼び出しを学んだモデルを入手し、代わりに使ってください：",
    command: "onpage fetch qwen3-0.6b\nonpage serve --model qwen3-0.6b",
  },
  empty: {
    title: "モデルに時計や計算機、文書を使わせる",
    sentence: "モデルが関数を頼み、あなたが許可するかを決め、モデルが結果をもとに答えます。すべてこのページの中で行われます。",
    small: "小さなモデルは、違う関数を呼んだり、何も呼ばなかったりすることがよくあります。呼び出しを学んだ、重みが6億以上のモデルのほうが確かです。",
    example: "このようになります",
    tryIt: "例を試す",
  },
  questions: ["1,249.90の15%はいくつ？", "42.195 kmは何マイル？", "東京は今何時？", "このページを暗くして。"],
  call: {
    group: (name) => `${titleOf(name)}の呼び出し`,
    states: { waiting: "実行しますか？", running: "実行中…", done: "完了", failed: "実行できませんでした", refused: "許可されていません", wrong: "使えません" },
    automatic: "常に許可",
    edited: "変更した引数で",
    arguments: "引数",
    none: "引数なし",
    result: "結果",
    yourResult: "あなたの結果",
    give: "この結果を渡す",
    allow: "許可",
    always: "この会話では常に許可",
    refuse: "拒否",
    change: "引数を変更",
    changing: "引数（JSON）",
    allowThese: "この引数で許可",
    keep: "元のまま",
    problem: (problem) => `この引数は使えません。${problem}`,
    yes: "はい",
    no: "いいえ",
    unreadable: "読み取れない呼び出し",
  },
  exchange: {
    you: "あなた",
    log: "回答の内容",
    copy: "コピー",
    copied: "コピーしました",
    selected: (key) => `選択しました：${key} Cを押してください`,
    save: "Markdownで保存",
    again: "答え直す",
    nothing: "モデルは何も答えませんでした。",
    uncalled: "モデルは関数を呼び出しませんでした。",
    by: (model) => `回答：${model}`,
    endings: {
      model: "",
      stopped: "ここで止められました。",
      limit: "繰り返しになったか長くなりすぎたため、ページが回答をここで終わらせました。",
      context: "コンテキストがいっぱいになり、回答はここで終わりました。",
      lost: "未完了：エンジンかページが途中で失われました。",
      rounds: "モデルが何度も関数を呼び出したため、ページがここで終わらせました。",
      wrong: "誤りを伝えたあとも使えない呼び出しが書かれたため、ページがここで終わらせました。",
      "no-room": "モデルのコンテキストに収まりません。関数を減らすか、新しい会話を始めるか、「詳細」でトークンの上限を上げてください。",
      unchecked: "引数を確かめるプログラムを読み込めなかったため、何も実行しませんでした。サーバーが動いているか確認して、もう一度試してください。",
    },
    called: ({ name, state }) => line([`${titleOf(name)}（${name}）`, functions.call.states[state]]),
  },
  figures: { title: "最後の回答" },
  history: {
    title: (count) => `以前の会話 · ${integer(count)}`,
    copy: "コピー",
    deleted: "会話を削除しました。",
    sure: (count) => (count === 1 ? "この会話を完全に削除しますか？" : `${integer(count)}件の会話をすべて完全に削除しますか？`),
    file: "関数を使った会話",
    about: ({ at, model, called }) => line([format.moment(at), model, called.map(titleOf).join("、")]),
  },
};

/** @type {Record<import('../../tasks/functions/own_tool.js').Problem, (detail: string) => string>} */
const problems = {
  "not-json": (detail) => `正しいJSONではありません${detail && `：${detail}`}。`,
  name: (detail) => `「${detail}」という名前は使えません。英字で始まる48文字以内の英数字と_にしてください。`,
  taken: (detail) => `${detail}という関数はすでにあります。`,
  description: () => "説明は1,000文字以内の文章にしてください。",
  parameters: (where) => `${where}は、typeがobjectのJSON Schemaにしてください。`,
  property: (detail) => `「${detail}」という引数は使えません。英字で始まる48文字以内の英数字、_、-にしてください。`,
  pattern: () => "patternが含まれています。ブラウザを何分も止めるものがあるため、実行しません。enum、format、maxLengthを使ってください。",
  reference: (detail) => `${detail}を参照しています。何も取得しないため、すべてを書き出してください。`,
  "too-large": () => "小さなモデルには大きすぎます。6,000文字、8階層までです。",
};
