// @ts-check
/** What the documents say, in Japanese. */

import { format, integer, line, size } from "./words.js";

/** @type {Record<import('../../tasks/documents/kinds.js').Kind, string>} */
const kinds = { pdf: "PDF", docx: "Word", markdown: "Markdown", html: "HTML", text: "テキスト" };

/** @param {{headings: string[], page: number, name?: string}} source */
const place = ({ name, headings, page }) => line([name, headings.slice(-2).join(" › "), page > 0 && `${integer(page)}ページ`]);

/** @type {import('../languages.js').Spoken<typeof import('../en/documents.js').documents>} */
export const documents = {
  region: "文書",
  place,
  shelf: {
    title: "文書",
    count: (count) => (count ? `文書（${integer(count)}）` : "文書"),
    add: "ファイルを追加",
    paste: "文章を貼り付け",
    pasteLabel: "文章（Markdownも使えます）",
    pasteName: "名前",
    pasted: "貼り付けた文章",
    keep: "追加",
    cancel: "キャンセル",
    remove: "削除",
    removeReally: "もう一度押すと削除",
    removeOne: (name) => `${name}を削除`,
    about: ({ kind, pages, characters, passages }) =>
      line([kinds[kind], pages ? `${integer(pages)}ページ` : `${integer(Math.max(1, Math.round(characters / 1000)))}千文字`, `${integer(passages)}箇所`]),
    limits: (files, characters, bytes) =>
      `PDF、Word（.docx）、Markdown、HTML、テキスト。1件${size(bytes)}まで、全体で${integer(files)}件、${integer(characters / 1e4)}万文字までです。文書はこのブラウザに残ります。スキャンしたページの文字は検索できません。`,
    adding: ({ name, page, pages, waiting }) => line([pages ? `${name}を読み取り中：${integer(page)} / ${integer(pages)}ページ` : `${name}を読み取り中`, waiting > 0 && `ほか${integer(waiting)}件`]),
    progress: "文書を読み取り中",
    refused: ({ name, code, detail }) => `${name}を追加できませんでした：${problems[code](detail)}`,
  },
  meaning: {
    title: "意味で検索",
    progress: "意味検索の進み具合",
    offered: (name, bytes) => `言葉の検索に加えて、別の言い方で書かれた箇所も見つけます。2つ目のモデル${name}（${size(bytes)}）を、この端末のCPUで使います。`,
    start: "意味でも検索する",
    again: "やり直す",
    remove: "オフにする",
    sizes: "1箇所あたりの数値の数",
    size: (numbers) => `${integer(numbers)}（${integer(1000)}箇所で${size(4000 * numbers)}）`,
    sizesHelp: "少なくするとメモリーが減り、検索も速くなりますが、見つかり方は少し落ちます。",
    loading: (name) => `${name}を読み込み中です。その間も言葉で検索できます。`,
    reading: (done, total) => `${integer(total)}箇所のうち${integer(done + 1)}箇所目を読み取り中です。その間も言葉で検索できます。`,
    ready: (name) => `${name}を使い、言葉と意味で検索します。`,
    failed: (problem, name) => `${problem}：${name}。これまでどおり言葉で検索します。`,
    short: (now) =>
      now.phase === "reading" ? `意味：${integer(now.total)}箇所中${integer(now.done)}箇所` : { none: "", offered: "", loading: "意味検索を読み込み中", ready: "言葉と意味で検索", failed: "意味検索は使えません" }[now.phase],
  },
  question: {
    form: "質問",
    label: "文書に質問する",
    placeholder: "何を知りたいですか？",
    search: "検索",
    stop: "停止",
    stopping: "停止しています…",
    answers: "見つかった箇所をもとにモデルに回答させる",
    unable: {
      demo: "デモモデルは投稿しか書けないため、見つかった箇所だけを表示します。回答には本物のGemmaが必要です。ページの上部をご覧ください。",
      none: "モデルが動いていないため、見つかった箇所だけを表示します。",
    },
  },
  empty: {
    title: "自分の文書に質問する",
    sentence: "説明書、契約書、メモなどを追加してください。検索はこのブラウザの中で行われ、どこにも送られません。まず見つかった箇所が表示され、それをもとにモデルが出典付きで回答します。",
    example: "例",
    found: "見つかった場所：",
    tryIt: "この文書で試す",
    ready: "文書の準備ができました。自分の言葉で質問してください。まず見つかった箇所が表示されます。",
  },
  answer: {
    title: "回答",
    log: "回答の内容",
    awaited: "モデルの準備ができると、回答が始まります。",
    copy: "出典付きでコピー",
    copied: "コピーしました",
    selected: (key) => `選択しました：${key} Cを押してください`,
    save: "Markdownで保存",
    again: "答え直す",
    sources: "出典",
    source: (number) => `出典${integer(number)}`,
    gone: "この文書はもうここにありません。モデルに渡した内容は次のとおりです。",
    uncited: "回答には、渡した箇所がひとつも示されていません。箇所と照らし合わせてください。",
    invented: "回答は誤っていることがあります。出典を確認してください。",
    nothing: "モデルは何も答えませんでした。",
    noRoom: "質問と1つの箇所がモデルのコンテキストに収まりません。質問を短くするか、「詳細」でトークンの上限を上げてください。",
    endings: {
      model: "",
      limit: "回答が繰り返しになったか長くなりすぎたため、ページがここで終わらせました。",
      context: "コンテキストがいっぱいになり、回答はここで終わりました。",
      stopped: "回答はここで止められました。",
      lost: "回答はここで途切れています。",
    },
    by: (model) => `回答：${model}`,
  },
  found: {
    title: "見つかった箇所",
    count: (count, passages, meant) => line([`${integer(passages)}箇所中${integer(count)}箇所`, meant && "言葉と意味で検索"]),
    nothing: { words: "何も見つかりませんでした。別の言葉で試してください。意味ではなく言葉で検索します。", meanings: "言葉でも意味でも何も見つかりませんでした。文書の内容とは別の話題のようです。" },
    weak: {
      words: {
        unasked: "答えになりそうな箇所が文書にないため、モデルには聞きませんでした。質問の言葉を最も多く含む箇所は次のとおりです。",
        alone: "答えになりそうな箇所が文書にありません。質問の言葉を最も多く含む箇所は次のとおりです。",
      },
      near: {
        unasked: "質問の言葉はあまり含みませんが、意味が最も近い箇所は次のとおりです。答えになるかご確認ください。モデルには聞いていません。",
        alone: "質問の言葉はあまり含みませんが、意味が最も近い箇所は次のとおりです。答えになるかご確認ください。",
      },
      far: {
        unasked: "質問の意味に近い箇所は文書にないため、モデルには聞いていません。質問の言葉を含む箇所だけを表示します。",
        alone: "質問の意味に近い箇所は文書にありません。質問の言葉を含む箇所だけを表示します。",
      },
    },
    anyway: "それでもこれをもとに回答させる",
    ask: "これをもとに回答させる",
    none: "先に文書を追加してください。",
    openAt: (where) => `${where}を開く`,
  },
  reader: {
    back: "戻る",
    page: (page) => `${integer(page)}ページ`,
    before: "前の部分を表示",
    after: "続きを表示",
  },
  history: {
    title: (count) => `以前の回答 · ${integer(count)}`,
    copy: "コピー",
    deleted: "回答を削除しました。",
    sure: (count) => (count === 1 ? "この回答を完全に削除しますか？" : `${integer(count)}件の回答をすべて完全に削除しますか？`),
    file: "自分の文書からの回答",
    about: ({ at, model }) => line([format.moment(at), model]),
  },
  figures: {
    title: "最後の検索と回答",
    searched: "検索した箇所",
    search: "検索",
    sent: "モデルに渡した箇所",
    read: "プロンプトのトークン",
    first: "最初の文字まで",
    decode: "デコード",
    written: "書いたトークン",
  },
};

/** @type {Record<import('../../tasks/documents/document.js').DocumentError['code'], (detail: string) => string>} */
const problems = {
  empty: () => "文字がありません。スキャンしたページは画像です。文字認識ソフトでテキストにしてください。",
  "too-large": () => "大きすぎます。",
  "too-long": (pages) => (pages ? `${pages}ページあり、長すぎます。` : "長すぎます。分けて追加してください。"),
  "unknown-kind": (ending) => (ending === "doc" ? "古い形式のWordファイルです。.docxで保存し直してください。" : `PDF、Word（.docx）、Markdown、HTML、テキストのどれでもありません${ending && `（.${ending}）`}。`),
  damaged: (detail) => `読み取れません${detail && `（${detail}）`}。`,
  encrypted: () => "パスワードで保護されています。パスワードなしで保存し直してください。",
  "too-many": () => "これ以上の文書は入りません。先にいくつか削除してください。",
  "no-library": () => "この形式を読み取るプログラムを読み込めませんでした。サーバーが動いているか確認してください。",
};
