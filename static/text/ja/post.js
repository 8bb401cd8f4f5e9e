// @ts-check
/** What the post's task says, in Japanese. */

import { format, integer, line } from "./words.js";

/** @type {import('../languages.js').Spoken<typeof import('../en/post.js').post>} */
export const post = {
  form: "投稿の内容",
  text: "元の文章",
  examples: "例を試す",
  exampleNames: { Announcement: "お知らせ", "Product note": "製品情報", Event: "イベント", "Short article": "短い記事" },
  undo: "元に戻す",
  placeholder: "お知らせ、製品情報、イベント案内、短い記事などを貼り付けてください。",
  tone: "トーン",
  tones: { friendly: "親しみやすい", professional: "ビジネス向け", enthusiastic: "熱意のある" },
  length: "長さ",
  lengths: { short: "短め", standard: "標準" },
  words: (words) => `${integer(words)}語`,
  write: "投稿を書く",
  stop: "停止",
  stopping: "停止しています…",
  count: (tokens, room) => `${integer(tokens)} / ${integer(room)}トークン`,
  card: "投稿",
  log: "投稿の内容",
  sample: "見本：「イベント」の例からデモモデルが書いた投稿",
  empty: "ここに投稿が表示されます。このページの中で書かれ、文章は外に出ません。",
  stopped: "停止しました",
  reading: "文章を読んでいます…",
  copy: "コピー",
  copied: "コピーしました",
  selected: (key) => `選択しました：${key} Cを押してください`,
  share: "共有",
  again: "書き直す",
  edit: "編集",
  done: "完了",
  redo: "やり直す",
  edited: "編集中の投稿",
  followUps: { shorter: "短くする", date: "日付を入れる", emoji: "絵文字なし" },
  followUp: "投稿を変更",
  options: {
    title: "その他の設定",
    network: "投稿先",
    anyPlatform: "指定なし",
    language: "投稿の言語",
    ownLanguage: "文章と同じ",
    onlyEnglish: "デモモデルが書けるのは英語だけです。本物のGemmaはほかの言語でも書けます。",
    platform: (name, limit) => `${name} · ${integer(limit)}文字`,
    three: "3つ書いて選ぶ",
    threeShort: "3つから選ぶ",
    hashtags: "自分のハッシュタグ",
    link: "自分のリンク",
    linkShort: "リンク付き",
    help: "ハッシュタグとリンクは、文字数に余裕があれば、モデルが書いた文の後に付きます。このブラウザだけに保存されます。",
  },
  variants: {
    title: "投稿を選ぶ",
    name: (number) => `案${integer(number)}`,
    choose: "選ぶ",
    chooseNamed: (number) => `案${integer(number)}を選ぶ`,
    same: (number) => `案${integer(number)}と同じです。「詳細」で温度を上げると、違いが大きくなります`,
    best: (wrong) => ` · ${wrong ? "確認する点が最少" : "元の文章に最も合う"}`,
    back: (count) => `${integer(count)}つの案すべて`,
  },
  history: {
    title: (count) => `以前の投稿 · ${integer(count)}`,
    deleted: "投稿を削除しました。",
    sure: (count) => (count === 1 ? "この投稿を完全に削除しますか？" : `${integer(count)}件の投稿をすべて完全に削除しますか？`),
    kind: ({ at, tone, length, model, lora, ended, text, current }) =>
      line([
        format.moment(at),
        ended === "stopped" ? "停止" : ended === "lost" ? "未完了" : ended !== "model" && "途中で終了",
        text !== current && "編集済み",
        post.tones[tone] ?? tone,
        post.lengths[length] ?? length,
        model,
        lora && `${lora}を適用`,
      ]),
    file: { title: "onpageで書いた投稿", written: "モデルが書いたまま", source: "元の文章" },
  },
  kind: (tone, length, lora) => [tone, length, lora && `${lora}を適用`].filter(Boolean).join(" · "),
  counts: (words, characters) => `${integer(words)}語、${integer(characters)}文字`,
  tightest: (network, left) => (left < 0 ? `${network}には${integer(-left)}文字多すぎます` : `${network}に収まります（残り${integer(left)}）`),
  limits: "すべてのSNS",
  left: (characters) => `残り${integer(characters)}`,
  over: (characters) => `${integer(characters)}文字超過`,
  figures: { title: "最後の投稿" },
  check: {
    again: (why) => `この投稿は${why}ため、別の投稿を書いています。「停止」を押すと、これまでで最良のものが残ります。`,
    whys: {
      language: "別の言語で書かれている",
      cheer: "知らせの内容にそぐわず明るすぎる",
      cut: "途中で切れている",
      changed: "元の文章にないことを述べている",
      repeated: "同じことを繰り返している",
      lost_name: "名前が抜けている",
      lost_fact: "日付か数字が抜けている",
      long: "長すぎる",
      tags: "合うハッシュタグがない",
    },
    fine: "数字、日付、名前は元の文章と一致しています。",
    assembled: "何回分かの文を組み合わせました。「元に戻す」で組み合わせる前に戻せます。",
    mended: "誤りや長すぎる部分を省きました。「元に戻す」で戻せます。",
    drafts: (count) => `${integer(count)}件のうち最良のものです。`,
    findings: {
      language: () => "元の文章と違う言語で書かれています。",
      cheer: (found) => `元の文章は悪い知らせのようです。明るすぎる言葉：${quoted(found)}。`,
      cut: () => "途中で終わっている文があります。",
      changed: (found) => `${quoted(found)}を確認してください。元の文章にはありません。`,
      repeated: () => "同じことが繰り返されています。",
      lost_name: ([name]) => `「${name}」が抜けています。`,
      lost_fact: ([figure]) => (figure ? `「${figure}」が抜けています。` : "元の文章の数字が抜けています。"),
      long: ([more]) => `指定より${integer(Number(more))}語長くなっています。`,
      tags: (found) => (found.length ? `元の文章にない言葉です：${found.map((tag) => `#${tag}`).join(" ")}。` : "ハッシュタグが1～3個足りません。"),
    },
    declined: {
      title: "デモモデルは、この文章の投稿を書けませんでした",
      sentence: "書いたものは、元の文章の内容が抜けたり変わったりしています。本物のGemmaならうまく書けます。onpage gemmaを実行してください。",
    },
    reveal: "書いたものを表示",
  },
  declined: {
    titles: {
      language: "デモモデルがわかるのは英語だけです",
      code: "デモモデルはコードについての投稿を書けません",
      nothing: "投稿にする内容がありません",
    },
    sentence: "短い英語の文章から学んだモデルなので、この文章では意味の通らないものを書いてしまいます。本物のGemmaならうまく書けます。上をご覧ください。",
    nothing: "このままではモデルが話を作ってしまいます。投稿で伝えたいことを一、二文で書いてください。",
    anyway: "それでも書く",
  },
  notices: {
    noRoom: {
      title: "文章を入れる余地がありません",
      sentence: "この長さの投稿だけで、トークンの上限を使い切ることがあります。設定で上限を上げるか、短い投稿を選んでください。",
    },
    noRoomInModel: {
      title: "文章を入れる余地がありません",
      sentence: "この長さの投稿だけで、このモデルのコンテキストを使い切ることがあります。短い投稿か、別のモデルを選んでください。",
    },
    tooLong: (tokens, room, raisable) => ({
      title: "この文章はモデルには長すぎます",
      sentence:
        `プロンプトは${integer(tokens)}トークンですが、投稿の分を除いた空きは${integer(room)}トークンです。文章を約` +
        `${integer(Math.min(99, Math.ceil((1 - room / tokens) * 100)))}%短く` +
        (raisable ? "するか、設定でトークンの上限を上げてください。" : "してください。"),
    }),
    runaway: {
      title: "モデルが暴走しました",
      sentence: "指定した長さの3倍に達したため、停止しました。「書き直す」は別のシードを使います。",
    },
    full: {
      title: "コンテキストがいっぱいになり、投稿はここで終わりました",
      sentence: "文章と投稿の合計が、トークンの上限に達しました。文章を短くするか、短い投稿を選んでください。",
    },
    noRoomFor: (left, network) => ({
      title: `${left.join(" ")}を入れる余地がありませんでした`,
      sentence: `入れると${network}には長すぎます。投稿を短くしてから、${left.length > 1 ? "それぞれ" : ""}手で追加してください。`,
    }),
    broken: {
      title: "「\ufffd」は完全に届かなかった文字です",
      sentence: "モデルは珍しい文字を分けて書きますが、MediaPipeは2つのステップにまたがる文字を失います。LiteRT-LMエンジンでは失われません。",
    },
  },
};

/** Each in quotation marks, but for what is a part of another. @param {string[]} found */
function quoted(found) {
  const whole = [...new Set(found)].filter((each) => !found.some((other) => other !== each && other.includes(each)));
  return whole.map((each) => `「${each}」`).join("、");
}
