"""An exported site where no program of ours runs: on a host that sends no headers, and audited on one that does."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Browser

from e2e.hosting import file_host
from e2e.hosting.conftest import PART
from e2e.page.conftest import EXAMPLE, watched_context
from e2e.processes import ONPAGE, completed
from webapp.paths import DEMO_GRAPH

SEND = """async (url) => {
  const tries = [fetch(`${url}fetch`, { mode: "no-cors" }), new Promise((open, fail) => {
    const socket = new WebSocket(url.replace("http", "ws"));
    socket.onopen = open;
    socket.onerror = fail;
  })];
  return (await Promise.allSettled(tries)).map(({ status }) => status);
}"""


def test_a_host_without_headers(browser: Browser, site: Path) -> None:
    """Below a path, as GitHub Pages serves a project. The service worker isolates the page, and closes it and its workers to others."""
    with (
        file_host(site, headers=False, below="/project") as host,
        file_host(site, headers=False) as other,
        watched_context(browser, service_workers="allow") as new_tab,
    ):
        tab = new_tab()
        page = tab.open(host.url)
        tab.wait_for("ready")
        assert page.evaluate("[crossOriginIsolated, navigator.serviceWorker.controller !== null]") == [True, True]
        parts = [path for path in host.requests if "/models/" in path and "/static/" not in path]
        assert len(parts) == len(set(parts)) == -(-DEMO_GRAPH.stat().st_size // PART)
        page.get_by_role("button", name=EXAMPLE).click()
        assert len(tab.write().split()) > 5
        tab.expected += ["Content Security Policy", "ERR_"]
        for place in (page, page.workers[-1]):
            assert place.evaluate(SEND, other.url) == ["rejected", "rejected"]
        assert other.requests == []
        assert page.locator(".details-pages a").first.get_attribute("href") == "bench.html"


def test_an_audit_of_a_host_with_headers(site: Path) -> None:
    """A session in every task sends nothing anywhere."""
    with file_host(site, headers=True) as host:
        done = completed([*ONPAGE, "audit", host.url, "--json", "--seconds", "60"], seconds=600)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["findings"] == [] and list(said["origins"]) == [host.url.rstrip("/")]
    assert said["tasks"] == ["post", "chat", "lab", "documents", "functions", "senses", "models"]
    assert said["fields"] >= 8 and said["answers"] >= 6
    assert said["isolated"] and said["service_worker"]
    assert {"page", "script", "style", "engine", "model", "list"} <= set(said["requests"])
    assert said["requests"]["model"]["down"] >= DEMO_GRAPH.stat().st_size


LEAKING = """<!doctype html><meta name="application-name" content="onpage">
<body data-phase="ready"><a href="#/leak">leak</a><div class="task"><form><textarea aria-label="Your text"></textarea>
<button type="submit">Write</button></form></div>
<script type="module">
  const other = "http://localhost:" + location.port;
  const worker = new Worker("worker.js");
  navigator.serviceWorker.register("service.js");
  document.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = document.querySelector("textarea").value;
    worker.postMessage(text);
    navigator.serviceWorker.ready.then(({ active }) => active.postMessage(text));
    new Image().src = `${other}/pixel?${btoa(text)}`;
    new WebSocket(`ws://${location.host}/live`);
  });
</script>"""


def test_an_audit_of_a_page_that_leaks(tmp_path: Path) -> None:
    """From the page, a worker and a service worker, to another origin and to its own, in plain and encoded."""
    (tmp_path / "index.html").write_text(LEAKING)
    (tmp_path / "worker.js").write_text('onmessage = ({ data }) => fetch("collect", { method: "POST", body: data });')
    (tmp_path / "service.js").write_text(
        "onmessage = ({ data }) => fetch(`hidden?${[...data].map((c) => c.charCodeAt(0).toString(16)).join('')}`);"
    )
    with file_host(tmp_path, headers=False) as host:
        done = completed([*ONPAGE, "audit", host.url, "--json"])
        assert any(path.startswith("/hidden?") for path in host.requests)
        port = host.url.rpartition(":")[2].strip("/")
    assert done.returncode == 1, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert any(f"http://localhost:{port}, another origin" in finding for finding in said["findings"])
    assert any("WebSocket" in finding for finding in said["findings"])
    assert any("No policy" in finding for finding in said["findings"])
    sent = [(leak["to"], leak["how"].partition(" ")[0]) for leak in said["canaries"]["sent"]]
    assert (f"http://localhost:{port}", "base64") in sent, "the picture's address"
    assert any(
        "plain in SOCKET_BYTES_SENT" in leak["how"] and "Your text" in leak["fields"][0]
        for leak in said["canaries"]["sent"]
    )
    assert (host.url.rstrip("/"), "hexadecimal") in sent, "the service worker's"
    assert done.stderr.count("onpage: A typed text was sent to") == len(sent)
