"""Models in Firefox's own storage: Chromium's tests, and a storage that is really full."""

from __future__ import annotations

from collections.abc import Callable

from e2e.firefox.browser import QUOTA_BYTES
from e2e.page.conftest import Watched
from e2e.page.servers import FaultyServer
from e2e.page.test_storage import (
    SIZE,
    ready,
    stored,
    test_a_part_is_gone_on_with,
    test_it_is_sent_once,
    test_removing_what_is_kept,
    test_two_tabs_load_at_once,
    test_what_was_damaged_there_is_downloaded_again,
)

__all__ = [
    "test_a_part_is_gone_on_with",
    "test_it_is_sent_once",
    "test_removing_what_is_kept",
    "test_two_tabs_load_at_once",
    "test_what_was_damaged_there_is_downloaded_again",
]

FILL = """
async (size) => {
  const folder = await navigator.storage.getDirectory();
  const writable = await (await folder.getFileHandle("filler", { create: true })).createWritable();
  await writable.write(new Uint8Array(size));
  await writable.close();
  const { quota, usage } = await navigator.storage.estimate();
  return quota - usage;
}
"""


def test_a_full_storage_keeps_nothing_and_the_model_loads_each_time(
    faulty: FaultyServer, new_tab: Callable[[], Watched]
) -> None:
    """Half of the model would still fit."""
    tab = new_tab()
    page = tab.open(f"{faulty.url}/static/icon.svg")
    left: int = page.evaluate(FILL, QUOTA_BYTES - SIZE // 2)
    assert 0 < left < SIZE
    ready(tab, faulty.url)
    assert stored(page) == {}
    ready(tab, faulty.url)
    assert stored(page) == {}
    assert set(faulty.faults.requests) == {""}, "whole each time, unless Firefox's HTTP cache has it"
