"""That what a model writes is only ever text. No engine is loaded."""

from __future__ import annotations

from e2e.page.conftest import Watched
from e2e.page.servers import FaultyServer

MARKUP = """<img src=x onerror="document.title='marked'"><script>document.title='marked'</script><b>&amp;</b>"""
SHOW_POST = """
async (text) => {
  const { mountCard } = await import("/static/tasks/post/card.js");
  const { Post } = await import("/static/tasks/post/state.js");
  const card = mountCard(document.body, [], document.createElement("div"));
  const post = new Post({ tone: "friendly", length: "short", seed: 1, lora: "" });
  for (const piece of [text.slice(0, 20), text.slice(20)]) {
    post.add(piece);
    card.append(post, piece);
  }
  const body = card.root.querySelector(".card-text");
  return [body.textContent, body.childElementCount, body.dir];
}
"""


def test_model_text_is_only_text(tab: Watched, scripted_server: FaultyServer) -> None:
    page = tab.open(f"{scripted_server.url}/bench?driven")  # an HTML document of this server that loads nothing
    assert page.evaluate(SHOW_POST, MARKUP) == [MARKUP, 0, "auto"]
    assert "marked" not in page.title()


ANSWER = """# Title

A [link](https://example.org) and [another](javascript:document.title='marked'), <img src=x onerror="document.title='marked'">

![picture](https://example.org/x.png)

<script>document.title='marked'</script><a href="data:text/html,x" style="color:red" onclick="x()">raw</a>

| a | b |
| - | - |
| 1 | <b>2</b> |

3. three
4. four

```html
<script>document.title='marked'</script>
```
"""
SHOW_ANSWER = """
async (markdown) => {
  const { loadMarkdown } = await import("/static/tasks/parts/markdown.js");
  const vendor = JSON.parse(document.body.dataset.vendor);
  const render = await loadMarkdown(Object.fromEntries(Object.entries(vendor).map(([name, url]) => [name, `/${url}`])));
  const box = document.createElement("div");
  document.body.append(box);
  box.append(render(markdown));
  const all = [...box.querySelectorAll("*")];
  return {
    tags: [...new Set(all.map(({ localName }) => localName))].sort(),
    attributes: [...new Set(all.flatMap((element) => element.getAttributeNames()))].sort(),
    links: [...box.querySelectorAll("a")].map(({ href, rel, target }) => [href, rel, target]),
    start: box.querySelector("ol").start,
    code: box.querySelector("pre").textContent,
    text: box.textContent,
  };
}
"""


def test_markdown_of_an_answer_brings_nothing_in_that_runs_or_loads(
    tab: Watched, scripted_server: FaultyServer
) -> None:
    page = tab.open(f"{scripted_server.url}/bench?driven")
    found = page.evaluate(SHOW_ANSWER, ANSWER)
    tags = {"a", "code", "div", "h3", "li", "ol", "p", "pre", "table", "tbody", "td", "th", "thead", "tr"}
    assert set(found["tags"]) == tags
    assert set(found["attributes"]) == {"class", "dir", "href", "rel", "start", "tabindex", "target"}
    rel = ["noopener noreferrer", "_blank"]
    web = [link for link in found["links"] if link[0]]
    assert web == [["https://example.org/", *rel], ["https://example.org/x.png", *rel]]
    assert found["start"] == 3
    assert found["code"].strip() == "<script>document.title='marked'</script>"
    assert "<img src=x onerror=\"document.title='marked'\">" in found["text"]
    assert "marked" not in page.title()


SHOW_CITED = """
async (text) => {
  const { loadMarkdown } = await import("/static/tasks/parts/markdown.js");
  const { mountAnswer, events } = await import("/static/tasks/documents/answer_view.js");
  const vendor = JSON.parse(document.body.dataset.vendor);
  const render = await loadMarkdown(Object.fromEntries(Object.entries(vendor).map(([name, url]) => [name, `/${url}`])));
  const view = mountAnswer(document.body, () => render);
  const source = { id: "d", name: "a.md", headings: [], page: 0, start: 0, end: 1, text: "x" };
  const answer = { id: "a", question: "Q", text, sources: [source, source], model: "", ended: "model" };
  view.update({ state: { answer, writing: false, asked: null, noRoom: false, awaited: false, opened: null }, ready: true });
  const opened = [];
  events.listen(view.root, "open-source", (place) => opened.push(place));
  const body = view.root.querySelector(".documents-answer");
  for (const button of body.querySelectorAll("button")) button.click();
  return { opened, tags: [...new Set([...body.querySelectorAll("*")].map(({ localName }) => localName))].sort(), text: body.textContent };
}
"""


def test_an_answer_from_documents_is_markdown_in_which_only_its_sources_can_be_pressed(
    tab: Watched, scripted_server: FaultyServer
) -> None:
    page = tab.open(f"{scripted_server.url}/bench?driven")
    found = page.evaluate(SHOW_CITED, f"**Two** [2, 1]\n\n- `a[1]` [3] {MARKUP} <button>[1]</button>")
    assert found["opened"] == [1, 0, 0]
    assert found["tags"] == ["button", "code", "li", "p", "strong", "ul"]
    assert MARKUP.replace("&amp;", "&") in found["text"] and "<button>1</button>" in found["text"]
    assert "marked" not in page.title()
