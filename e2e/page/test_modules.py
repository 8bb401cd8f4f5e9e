"""That what a model writes is only ever text. No engine is loaded."""

from __future__ import annotations

from e2e.page.conftest import Watched
from e2e.page.servers import RunningServer

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


def test_model_text_is_only_text(tab: Watched, quick_server: RunningServer) -> None:
    page = tab.open(f"{quick_server.url}/bench?driven")  # an HTML document of this server that loads nothing
    assert page.evaluate(SHOW_POST, MARKUP) == [MARKUP, 0, "auto"]
    assert "marked" not in page.title()
