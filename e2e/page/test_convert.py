"""A checkpoint, a folder or a GGUF file, becomes a model in the browser: the file that `onpage convert` makes, and a post is written with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from builder.convert.web_file import convert_checkpoint
from builder.quantize.scheme import Quantization
from e2e.page.conftest import EXAMPLE, WRITE_MS, Watched, begin_worker_with
from e2e.page.servers import FaultyServer
from e2e.page.test_accessibility import check
from e2e.page.test_storage import eventually, stored
from tests.adapters import ATTENTION, FEED_FORWARD, write_adapter
from tests.checkpoints import gemma3_config, write_checkpoint
from tests.gguf_files import write_gguf
from webapp.paths import static_folder

TEMPLATE = """{{ bos_token }}{% for m in messages %}{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) }}
{{ m.content | trim }}<end_of_turn>
{% endfor %}{% if add_generation_prompt %}<start_of_turn>model
{% endif %}"""

DROP = """
(area, names) => {
  const data = new DataTransfer();
  for (const name of names) data.items.add(new File(["{}"], name));
  for (const type of ["dragover", "drop"]) area.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }));
}
"""


LEFT = """
async () => {
  const root = await navigator.storage.getDirectory();
  return (await Array.fromAsync((await root.getDirectoryHandle("conversions", { create: true })).keys())).length;
}
"""
"""Files that conversions left beside the models."""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Gemma 3 that writes noise, in two files, with a chat template of its own."""
    folder = tmp_path_factory.mktemp("checkpoints") / "my-gemma"
    write_checkpoint(folder, gemma3_config(num_hidden_layers=2), dtype="BF16", shards=2)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


@pytest.fixture
def models(tab: Watched, scripted_server: FaultyServer) -> Page:
    """The page of models, with a model in the scripted engine; MediaPipe is real."""
    page = tab.open(f"{scripted_server.url}/#/models")
    tab.wait_for("ready")
    return page


def form(page: Page) -> Locator:
    return page.locator(".models-conversion")


def choose(page: Page, path: Path) -> None:
    page.locator(".models-storage input[type=file]").nth(int(path.is_dir())).set_input_files(path)


def convert(page: Page, name: str = "my-gemma") -> None:
    form(page).get_by_role("button", name="Convert", exact=True).click()
    sentence = f"{name} was converted and is in this browser now. Press Use to run it."
    expect(page.locator(".models-said")).to_have_text(sentence, timeout=60_000)


def made(checkpoint: Path, output: Path, bits: str, adapter: Path | None = None) -> tuple[str, int]:
    """The hash and the size of what onpage convert makes of it."""
    quantization = Quantization.of(bits)
    written = convert_checkpoint(checkpoint, output, quantization=quantization, residual_scale="bound", merge=adapter)
    return written.sha256, written.size


def test_a_checkpoint_is_converted_to_the_file_that_onpage_convert_makes(
    models: Page, checkpoint: Path, tmp_path: Path
) -> None:
    """A folder twice to the same, and a GGUF file of four bits; nothing is left beside the models."""
    gguf = write_gguf(tmp_path / "my-gemma-Q4_0.gguf", gemma3_config(num_hidden_layers=2), types="Q4_0")
    choose(models, checkpoint)
    expect(form(models)).to_contain_text("my-gemma is a checkpoint. Convert it for this browser?")
    expect(form(models)).to_contain_text("onpage convert my-gemma -o my-gemma-web.task --residual-scale bound")
    check(models)
    convert(models)
    choose(models, checkpoint)
    convert(models)
    choose(models, gguf)
    expect(form(models).get_by_label("4 bits")).to_be_checked()
    expect(form(models)).to_contain_text("--residual-scale bound --bits q4_0 --scale max")
    convert(models, gguf.name)
    expect(models.locator(".models-item", has_text="my-gemma-Q4_0")).to_be_visible()
    kept = stored(models)
    for path, bits in ((checkpoint, "8"), (gguf, "q4_0")):
        sha256, size = made(path, tmp_path / f"{bits}.task", bits)
        assert kept.pop(sha256) == size
    assert len(kept) == 1, "the other is what the page came with"
    assert models.evaluate(LEFT) == 0


def test_an_adapter_is_merged_into_the_file_that_onpage_convert_makes(models: Page, tmp_path: Path) -> None:
    """A GGUF file and the folders of two in one folder that is chosen; the person says which."""
    config = gemma3_config(num_hidden_layers=2)
    adapter = write_adapter(tmp_path / "both" / "my-tone", config, targets=(*ATTENTION, *FEED_FORWARD), use_dora=True)
    write_adapter(tmp_path / "both" / "another", config)
    gguf = write_gguf(tmp_path / "both" / "my-gemma.gguf", config, types="Q8_0")
    choose(models, tmp_path / "both")
    adapters = form(models).get_by_label("Adapter to merge")
    for label, asked in (
        ("another", "with the adapter another merged"),
        ("None: the checkpoint as it is", "Convert it for this browser?"),
        ("my-tone", "with the adapter my-tone merged into its weights?"),
    ):
        adapters.select_option(label)
        expect(form(models)).to_contain_text(asked)
    expect(form(models)).to_contain_text("onpage convert my-gemma.gguf --merge-lora my-tone -o")
    form(models).get_by_label("8 bits").check()
    form(models).get_by_role("button", name="Convert", exact=True).click()
    said = models.locator(".models-said")
    expect(said).to_contain_text("was converted with the adapter my-tone merged into it", timeout=60_000)
    sha256, size = made(gguf, tmp_path / "m.task", "8", adapter)
    assert stored(models)[sha256] == size


def test_a_conversion_that_is_broken_off_leaves_nothing(
    tab: Watched, scripted_server: FaultyServer, checkpoint: Path
) -> None:
    """By a disk that is full when all is written; and one that writes for ever: cancelled, and with its tab loaded anew, where no
    models are listed."""
    page = tab.open(f"{scripted_server.url}/#/models")
    tab.wait_for("ready")
    said = page.locator(".models-said")

    def ask(script: str) -> None:
        begin_worker_with(page, "convert.worker.js", script)
        choose(page, checkpoint)
        form(page).get_by_role("button", name="Convert", exact=True).click()

    def begin() -> None:
        ask("FileSystemSyncAccessHandle.prototype.write = () => { for (;;); };")
        eventually(lambda: page.evaluate(LEFT) == 1)
        expect(page.locator(".models-step")).to_contain_text("Converting · my-gemma")

    ask('FileSystemFileHandle.prototype.move = async () => { throw new DOMException("", "QuotaExceededError"); };')
    expect(said).to_contain_text("This browser found no room for my-gemma, which needs 1")
    assert page.evaluate(LEFT) == 0
    begin()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(said).to_have_text("my-gemma was not converted, because you cancelled it. Nothing of it was kept.")
    assert page.evaluate(LEFT) == 0
    begin()
    page.get_by_role("link", name="Post", exact=True).click()
    page.reload()
    eventually(lambda: page.evaluate(LEFT) == 0)


def test_what_is_no_gemma_is_refused_by_name(models: Page, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "smol", gemma3_config(num_hidden_layers=1))
    (folder / "config.json").write_text('{"model_type": "llama"}')
    choose(models, folder)
    form(models).get_by_role("button", name="Convert", exact=True).click()
    said = models.locator(".models-said")
    expect(said).to_have_text(
        'smol is a model of another kind ("llama"). The page converts Gemma 1 to 4 and 3n for text; others are for onpage convert.'
    )
    expect(form(models)).to_be_hidden()


def test_a_host_need_not_know_the_type_of_webassembly(models: Page, checkpoint: Path) -> None:
    """As hosts of plain files, where a site was exported to."""
    kernel = (static_folder() / "convert" / "kernel.wasm").read_bytes()
    models.context.route(
        "**/kernel.wasm", lambda route: route.fulfill(body=kernel, content_type="application/octet-stream")
    )
    choose(models, checkpoint)
    convert(models)


def test_files_are_dropped_on_the_page(models: Page) -> None:
    area = models.locator("section.models")
    area.evaluate(DROP, ["config.json", "model.safetensors"])
    expect(form(models)).to_contain_text("model is a checkpoint.")
    form(models).get_by_role("button", name="Not now").click()
    expect(form(models)).to_be_hidden()
    area.evaluate(DROP, ["notes.txt"])
    expect(models.locator(".models-said")).to_contain_text("notes.txt is too short to be a model.")


def test_a_post_is_written_with_it(models: Page, tab: Watched, checkpoint: Path) -> None:
    """By MediaPipe, also after a reload."""
    choose(models, checkpoint)
    convert(models)
    item = models.locator(".models-item", has_text="my-gemma")
    with tab.through("loading", "ready"):
        item.get_by_role("button", name="Use").click()
    models.reload()
    tab.wait_for("ready")
    expect(models.locator(".model-facts")).to_contain_text("my-gemma")
    models.goto(f"{models.url.partition('#')[0]}#/post")
    models.get_by_role("button", name=EXAMPLE).click()
    with tab.through("writing", "ready"):  # its noise would go on until the page ends it
        models.get_by_role("button", name="Write", exact=True).click()
        expect(models.get_by_role("log", name="The post")).not_to_be_empty(timeout=WRITE_MS)
        models.locator(".composer-stop").dispatch_event("click")
    assert tab.post
