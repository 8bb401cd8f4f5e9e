"""A person's way through the page in WebKitGTK: load, write, stop, write again."""

from __future__ import annotations

import pytest

from e2e.page.conftest import EXAMPLE
from e2e.page.servers import FaultyServer
from e2e.page.test_engines import GREEDY
from e2e.page.test_known_posts import KNOWN
from e2e.webkit.tab import STEP_SECONDS, Tab

NEVER_END = """
const post = self.postMessage.bind(self);
let writing = false;
self.postMessage = (message) => {
  writing ||= message.type === "text";
  if (!writing || typeof message.result !== "object") post(message);
};
"""
"""A worker that begins with it keeps it to itself that it has finished an answer."""


@pytest.fixture
def loaded(tab: Tab, quick_faulty: FaultyServer) -> Tab:
    """Ready, with an example in it and settings under which every browser writes the same; its first answer does not end."""
    quick_faulty.faults.begin_with["litert_lm.worker.js"] = NEVER_END
    tab.open(f"{quick_faulty.url}/api/models")
    model: str = tab.run("return JSON.parse(document.body.innerText)[0].id")
    tab.run(GREEDY.format(model=model))
    tab.open(quick_faulty.url)
    tab.wait_for("ready")
    tab.press(EXAMPLE)
    return tab


def test_stop_and_write(loaded: Tab) -> None:
    """Without shared memory the engine cannot hear Stop: the page gives it up after ten seconds and starts another, which
    writes what other browsers write."""
    lacking = "return [typeof SharedArrayBuffer, typeof WebAssembly.Suspending, typeof navigator.gpu]"
    assert loaded.run(lacking) == ["undefined"] * 3, "WebKitGTK has more than docs/engines.md says"
    loaded.press("Write")
    loaded.wait_for_post()
    loaded.press("Stop")
    loaded.wait_for("loading", STEP_SECONDS)
    loaded.wait_for("ready")
    assert KNOWN[EXAMPLE].startswith(loaded.post.strip()), "what was there when it was stopped is gone"
    loaded.press("Write")
    loaded.wait_for("writing", STEP_SECONDS)
    loaded.wait_for("ready")
    assert loaded.post == KNOWN[EXAMPLE]
