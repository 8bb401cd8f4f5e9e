import { load } from "onpage";

// Where `onpage serve` answers, or an exported site is.
const SITE = new URLSearchParams(location.search).get("site") ?? "/onpage/";

const at = (selector) => document.querySelector(selector);
let answer;

const model = await load(SITE, {
  onProgress: ({ loaded, total }) => (at("#status").textContent = `Loading ${Math.round((100 * loaded) / total)} %`),
});
at("#status").textContent = `${model.about.name} on ${model.about.backend}`;
at("#ask").disabled = false;

at("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("#answer").textContent = "";
  answer = model.ask(new FormData(at("form")).get("question"), { tokens: 24 });
  for await (const piece of answer) at("#answer").append(piece);
  const { ended } = await answer.figures;
  at("#status").textContent = `ended: ${ended}`;
});
at("#stop").addEventListener("click", () => answer?.stop());
