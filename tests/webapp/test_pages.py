"""The pages: made once for an application, as it was configured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from webapp import pages
from webapp.app import Config, create_app


def test_a_page_is_made_once_for_all_requests(model_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    render = pages.render_template

    def counted(template: str, **values: Any) -> str:
        made.append(template)
        return render(template, **values)

    monkeypatch.setattr(pages, "render_template", counted)
    client = create_app(Config(models=[model_path])).test_client()
    for path in ("/", "/bench", "/check"):
        first, second = client.get(path), client.get(path)
        assert first.data == second.data
        assert first.headers == second.headers
        assert second.headers["Cache-Control"] == "no-cache"
    assert made == ["index.html", "bench.html", "check.html"]


def test_two_applications_have_their_own_pages(model_path: Path) -> None:
    one = create_app(Config(models=[model_path])).test_client()
    other = create_app(Config(models=[model_path], offline=False, pages_suffix=".html")).test_client()
    assert b"data-offline=" in one.get("/").data
    assert b"data-offline=" not in other.get("/").data
    assert b'data-pages-suffix=".html"' in other.get("/").data
    assert b"data-offline=" in one.get("/").data
