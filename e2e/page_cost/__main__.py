"""python -m e2e.page_cost [FILE …] [--engine ID …] [--rounds N]

Prints, for each engine: the page beside a bare script that does nothing else (`overhead`), the first answer with
and without the warm-up, a follow-up with and without what the engine still holds (`warmth`), and the bytes of a first load.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from playwright.sync_api import Browser

from e2e.bare import served
from e2e.page.servers import onpage_serve
from e2e.page_cost import overhead
from e2e.page_cost.warmth import file_for, reuse, warmth
from onpage.bench.browser import launched
from webapp.paths import DEMO


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, default=DEMO, help="of one model, in one folder  [the demo's]")
    parser.add_argument(
        "--engine", action="append", choices=overhead.BARE, help="may be repeated  [default: mediapipe]"
    )
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    files = [path.absolute() for path in arguments.files]
    with onpage_serve([",".join(map(str, files))]) as server, served(files[0].parent) as bare:
        for engine in arguments.engine or ["mediapipe"]:
            with launched() as browser:
                file = file_for(browser, server.url, engine)
                name = file["url"].rpartition("/")[2]
                print(f"\n{engine}, {name}", flush=True)
                raw = overhead.compare(browser, server.url, bare, engine, name, arguments.rounds)
                print(overhead.report(raw), flush=True)
                show(browser, server.url, engine, overhead.prompts()[0][1])


def show(browser: Browser, url: str, engine: str, prompt: str) -> None:
    print(f"\n{engine}, milliseconds to the first text   {'first':>9} {'later':>9} {'ratio':>7}   ready after")
    for name, warm_up in (("with the warm-up", True), ("without", False)):
        found = warmth(browser, url, engine, prompt, warm_up=warm_up)
        print(f"{name:44} {found.first:9.0f} {found.later:9.0f} {found.ratio:7.3f} {found.ready:12.0f}", flush=True)
    follow = reuse(browser, url, engine, prompt)
    print(f"{'':44} {'reused':>9} {'anew':>9} {'ratio':>7}")
    ratio = follow.reused / follow.read_again
    print(
        f"{f'a follow-up of {follow.tokens} tokens':44} {follow.reused:9.0f} {follow.read_again:9.0f} {ratio:7.3f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
