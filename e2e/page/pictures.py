"""Takes pictures of the page's views, in any of its languages: those of docs/images, or others to look at.

python -m e2e.page.pictures                                       # all that docs show
python -m e2e.page.pictures /tmp/seen --language ja --width 390   # every view in a language, a width, a scheme
"""

from __future__ import annotations

import argparse
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Literal, cast

from playwright.sync_api import Browser, Page

from builder.store.manifest import DEMO
from e2e.page.conftest import LOAD_MS, SHOW_PROBLEM, STEP_MS, WRITE_MS
from e2e.page.servers import onpage_serve
from onpage.bench.browser import launched

IMAGES = Path(__file__).parents[2] / "docs" / "images"
Scheme = Literal["light", "dark"]
SHOWN: tuple[tuple[str, str, Scheme, int], ...] = (
    ("post", "en", "dark", 1200),
    ("chat", "en", "light", 1200),
    ("lab", "en", "light", 1200),
    ("documents", "en", "light", 1200),
    ("functions", "en", "light", 1200),
    ("details", "en", "light", 1200),
    ("problem", "en", "light", 1200),
    ("keys", "en", "light", 1200),
    ("documents", "zh-CN", "light", 390),
    ("chat", "zh-TW", "light", 390),
    ("lab", "ja", "dark", 390),
    ("post", "ar-XB", "light", 1200),
)
"""View, language, scheme and width of what docs show."""


def _post(page: Page) -> None:
    page.locator(".example").nth(2).click()
    page.locator(".composer-count").filter(has_text="/").or_(
        page.locator(".composer-count:not(:empty)")
    ).first.wait_for()
    page.locator(".composer button[type=submit]").click()
    page.locator(".card-actions").wait_for(timeout=WRITE_MS)
    page.mouse.move(0, 0)


def _lab(page: Page) -> None:
    page.locator(".lab-field").first.wait_for()


def _chat(page: Page) -> None:
    page.locator(".chat-main textarea").last.wait_for()


def _documents(page: Page) -> None:
    example = page.locator(".documents-example button")
    example.or_(page.locator(".documents-entry")).first.wait_for()
    if example.is_visible():
        example.click()
    page.locator(".documents-hit").first.wait_for(timeout=STEP_MS)
    page.evaluate("scrollTo(0, 0)")


def _functions(page: Page) -> None:
    page.locator(".functions-example").wait_for()


def _details(page: Page) -> None:
    page.locator(".details > summary").click()
    page.evaluate("document.querySelector('.details').scrollIntoView()")


def _problem(page: Page) -> None:
    page.evaluate("document.querySelector('.workspace').hidden = true")
    page.evaluate(SHOW_PROBLEM, "no-webgpu")
    page.evaluate("for (const each of document.querySelectorAll('.about, .problem-detail')) each.hidden = true")


def _keys(page: Page) -> None:
    page.locator(".keys-open").click()


TO_WEBP = """
async (png) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.9);
}
"""

VIEWS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "post": ("post", _post),
    "chat": ("chat", _chat),
    "lab": ("lab", _lab),
    "documents": ("documents", _documents),
    "functions": ("functions", _functions),
    "details": ("post", _details),
    "problem": ("post", _problem),
    "keys": ("post", _keys),
}
"""The task that each is shown in, and what is done there."""


def take(
    browser: Browser, url: str, view: str, language: str, scheme: Scheme, width: int, file: Path, whole: bool
) -> None:
    """One picture, of a page that is opened for it; `whole` for all of it, else what a window shows."""
    task, act = VIEWS[view]
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{url}/?engine=litert-lm-cpu&lang={language}#/{task}")
    page.wait_for_selector("body[data-phase=ready]", timeout=LOAD_MS)
    act(page)
    picture = page.screenshot(full_page=whole, animations="disabled")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(picture if file.suffix == ".png" else _as_webp(page, picture))
    context.close()
    print(f"{file}: {file.stat().st_size:,} bytes")


def _as_webp(page: Page, png: bytes) -> bytes:
    """The browser has the encoder; a picture of text takes a third of its PNG."""
    page.goto("about:blank")
    encoded = page.evaluate(TO_WEBP, base64.b64encode(png).decode())
    return base64.b64decode(encoded.partition(",")[2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=IMAGES)
    parser.add_argument("--model", default=DEMO)
    parser.add_argument("--language", action="append", help="all views in it, in place of those of docs")
    parser.add_argument("--view", action="append", choices=VIEWS)
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    parser.add_argument("--width", type=int, default=1200)
    given = parser.parse_args()
    views = given.view or list(VIEWS)
    wanted = tuple(each for each in SHOWN if each[0] in views)
    if given.language:
        wanted = tuple(
            (view, code, cast(Scheme, given.scheme), given.width) for code in given.language for view in views
        )
    with onpage_serve([given.model]) as server, launched() as browser:
        for view, language, scheme, width in wanted:
            name = f"{view}-{language}-{scheme}-{width}.png" if given.language else f"{view}-{language}.webp"
            take(browser, server.url, view, language, scheme, width, given.folder / name, bool(given.language))


if __name__ == "__main__":
    main()
