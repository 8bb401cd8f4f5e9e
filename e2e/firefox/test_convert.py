"""A checkpoint becomes a model in Firefox's storage, as in Chromium's. Its files are chosen one by one: Playwright gives this Firefox no folder."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from e2e.page.test_convert import convert, form, made, models
from e2e.page.test_storage import stored
from tests.checkpoints import gemma3_config, write_checkpoint

__all__ = ["models"]


def test_files_are_converted_to_the_file_that_onpage_convert_makes(models: Page, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "model", gemma3_config(num_hidden_layers=2), dtype="BF16")
    for bits, label in (("8", "8 bits"), ("q4_0", "4 bits")):
        models.locator(".models-storage input[type=file]").first.set_input_files(sorted(folder.iterdir()))
        form(models).get_by_label(label).check()
        convert(models, "model")
        sha256, size = made(folder, tmp_path / f"{bits}.task", bits)
        assert stored(models)[sha256] == size
