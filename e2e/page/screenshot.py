"""Takes docs/screenshot.png: the page with a post on it.

python -m e2e.page.screenshot [MODEL]
"""

from __future__ import annotations

import sys
from pathlib import Path

from builder.store.manifest import DEMO
from e2e.page.conftest import EXAMPLE, LOAD_MS, WRITE_MS
from e2e.page.servers import onpage_serve
from onpage.bench.browser import launched

SHOT = Path(__file__).parents[2] / "docs" / "screenshot.png"


def main() -> None:
    model = sys.argv[1] if len(sys.argv) > 1 else DEMO
    with onpage_serve([model]) as server, launched() as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 800}, device_scale_factor=1.5)
        page.goto(server.url)
        page.wait_for_selector("body[data-phase=ready]", timeout=LOAD_MS)
        page.get_by_role("button", name=EXAMPLE).click()
        page.locator(".composer-count").filter(has_text="tokens").wait_for()
        page.get_by_role("button", name="Write", exact=True).click()
        page.locator(".card-actions").wait_for(timeout=WRITE_MS)
        page.mouse.move(0, 0)
        SHOT.parent.mkdir(exist_ok=True)
        page.screenshot(path=SHOT)
        print(f"{SHOT}: {SHOT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
