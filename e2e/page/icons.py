"""Draws the icons of the installed page: `python -m e2e.page.icons` writes the PNG files in static/icons from the drawings beside them."""

from __future__ import annotations

from onpage.bench.browser import launched
from webapp.paths import static_folder

ICONS = {
    "icons/icon-192.png": ("icon.svg", 192),
    "icons/icon-512.png": ("icon.svg", 512),
    "icons/icon-maskable-512.png": ("icons/icon-maskable.svg", 512),
}


def main() -> None:
    static = static_folder()
    with launched() as browser:
        page = browser.new_page()
        for name, (drawing, size) in ICONS.items():
            svg = (static / drawing).read_text(encoding="utf-8")
            page.set_viewport_size({"width": size, "height": size})
            page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:100vw}}</style>{svg}")
            page.screenshot(path=static / name, omit_background=True)
            print(static / name)


if __name__ == "__main__":
    main()
