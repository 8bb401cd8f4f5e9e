"""Pictures and sound, from a camera and a microphone that Chromium plays to what arrives at MediaPipe's WebAssembly.

No published weights that see or hear can be had here. So all is real but the WebAssembly: the page, its worker, the library's own script. In place
of the WebAssembly stands a script that notes what it is given. Only a small random model of ours sees by MediaPipe itself.
"""

from __future__ import annotations

import dataclasses
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, Playwright, Route, expect
from sentencepiece import SentencePieceProcessor

from builder.convert.web_file import convert_checkpoint
from builder.model.families.dense import GEMMA_TURNS
from builder.store import Store
from builder.store.importing import import_file
from builder.synth.web_file import FIRST_WORD, synthetic_tokenizer, word
from e2e.conftest import QUICKER
from e2e.exactness.test_pictures import LEAST_MARGIN, TOKENS, Reader
from e2e.page.conftest import WRITE_MS, Watched, watched_tab
from e2e.page.servers import FaultyServer, faulty_server
from e2e.page.test_accessibility import check
from onpage.bench.browser import SOFTWARE_WEBGPU, launch
from tests.goldens.tower_cases import TOWERS
from webapp.paths import DEMO_GRAPH

FAKE_MEDIA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")

ENGINE = """
self.seen = [];
self.ModuleFactory = async () => {
  const memory = new ArrayBuffer(1 << 26);
  const [bytes, floats] = [new Uint8Array(memory), new Float32Array(memory)];
  let top = 1024;
  const allocate = (size) => ((top = (top + size + 15) & ~15), (top - size) & ~15);
  const text = (at) => new TextDecoder().decode(bytes.slice(at, bytes.indexOf(0, at)));
  const made = {
    HEAPU8: bytes,
    HEAPF32: floats,
    HEAPU32: new Uint32Array(memory),
    _malloc: allocate,
    stringToNewUTF8(value) {
      const encoded = new TextEncoder().encode(value);
      const at = allocate(encoded.length + 1);
      bytes.set(encoded, at);
      bytes[at + encoded.length] = 0;
      return at;
    },
    createLlmInferenceEngine: async (maxTokens, topK, f32, maxNumImages, supportAudio) =>
      self.seen.push({ maxTokens, maxNumImages, supportAudio }),
    _GetSizeInTokens: (at) => text(new Uint32Array(memory, at, 1)[0] || at).length || 11,
    _AddTextQueryChunk: (session, at) => self.seen.push({ text: text(at) }),
    _AddImageQueryChunk(session, at, width, height) {
      const pixels = bytes.subarray(at, at + width * height * 4);
      self.seen.push({ width, height, opaque: pixels.every((value, index) => index % 4 < 3 || value === 255), colours: new Set(pixels.subarray(0, 40000)).size });
    },
    _AddAudioQueryChunk(session, rate, at, count) {
      const samples = floats.subarray(at / 4, at / 4 + count);
      self.seen.push({ rate, seconds: count / rate, loudest: samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0) });
    },
    ccall(name, result, types, values) {
      if (name === "MakeSessionForPredict") return Promise.resolve(7);
      if (name !== "PredictSession") return undefined;
      for (const piece of ["A green ", "door."]) made._userProgressListener(piece, false);
      return Promise.resolve();
    },
  };
  return new Proxy(made, { get: (target, name) => target[name] ?? (name === "then" ? undefined : typeof name === "string" && name.startsWith("_") && name !== "_userProgressListener" ? () => 0 : undefined) });
};
"""

SOUNDS = Path(__file__).parent / "sounds"
"""440 Hz for 0.6 seconds, as MP3, Opus in Ogg, and AAC in MP4."""
HEARD = """
async ([bytes, name]) => {
  const { readSound } = await import("/static/tasks/senses/reading.js");
  const { part } = await readSound(new File([new Uint8Array(bytes)], name), name);
  const { samples, sampleRate } = part;
  const middle = samples.subarray(sampleRate / 5, (2 * sampleRate) / 5);
  const crossings = middle.filter((sample, at) => at && sample > 0 !== middle[at - 1] > 0).length;
  return { sampleRate, seconds: samples.length / sampleRate, hertz: crossings / 2 / 0.2, loudest: middle.reduce((most, each) => Math.max(most, each), 0) };
}
"""


@dataclass(frozen=True)
class Seen:
    """A small model that really sees: what it is shown and asked, and what the reference answers."""

    path: Path
    picture: NDArray[np.uint8]
    """(side, side, 3)"""
    question: str
    answer: list[int]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A question of words whose answer has no near tie, and is of words."""
    case, shown = TOWERS["pooled"], 1
    case = dataclasses.replace(case, text=case.text | {"num_hidden_layers": 3})
    folder = tmp_path_factory.mktemp("looks")
    written = convert_checkpoint(case.write(folder / "c"), folder / "m.task", pictures=True, residual_scale=1 / 4)
    reader = Reader.of_siglip(written, case.siglip.end)
    tokenizer = SentencePieceProcessor(model_proto=synthetic_tokenizer(reader.words + 1))
    before, behind = GEMMA_TURNS.question.prefix, GEMMA_TURNS.question.suffix
    for seed in range(200):
        question = " ".join(map(word, np.random.default_rng(seed).integers(FIRST_WORD, reader.words, 4).tolist()))
        ids, margin = reader.answer([tokenizer.encode(before), shown, tokenizer.encode(question + behind)])
        if margin > LEAST_MARGIN and min(ids) >= FIRST_WORD:
            return Seen(written.path, case.pixels()[shown], question, ids[:TOKENS])
    raise AssertionError("no question has a clear answer")


@pytest.fixture(scope="module")
def server(
    noise_model: Path, seen: Seen, scripted: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FaultyServer]:
    """With a model in the scripted engine, which takes text, one that says that it takes all, and one that sees."""
    store = Store(tmp_path_factory.mktemp("store"))
    reads = import_file(store, DEMO_GRAPH, id="reads")
    sees = import_file(store, noise_model, id="sees", takes=("image", "audio"))
    looks = import_file(store, seen.path, id="looks")
    with faulty_server([reads, sees, looks], static=scripted) as running:
        yield running


@pytest.fixture(scope="module")
def with_camera(playwright: Playwright) -> Iterator[Browser]:
    with launch(playwright.chromium, (*SOFTWARE_WEBGPU, *QUICKER, *FAKE_MEDIA)) as browser:
        yield browser


@pytest.fixture
def tab(with_camera: Browser) -> Iterator[Watched]:
    with watched_tab(with_camera, reduced_motion="reduce", permissions=["camera", "microphone"]) as tab:
        tab.page.context.route("**/genai_wasm_module_internal.js", fake_engine)
        yield tab


def fake_engine(route: Route) -> None:
    route.fulfill(response=route.fetch(), body=ENGINE)


def live(page: Page) -> bool:
    """Whether a track of the view's camera is open."""
    return bool(page.evaluate("Boolean(document.querySelector('.senses-video').srcObject)"))


def refuse_a_stranger(page: Page, damaged: Path) -> None:
    """A small file that says that it holds billions of pixels."""
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(8) + (60_000).to_bytes(4, "big") * 2 + bytes(100))
    page.locator(".senses-form input[type=file]").set_input_files(damaged)
    expect(page.get_by_role("alert").filter(has_text="64 million pixels")).to_be_visible()


def leave_with_the_camera_on(page: Page) -> None:
    page.get_by_role("button", name="Camera").click()
    expect(page.get_by_role("button", name="Take the picture")).to_be_visible()
    assert live(page)
    page.get_by_role("link", name="Chat").click()
    expect(page.locator(".senses-form")).to_be_hidden()
    assert not live(page)
    page.get_by_role("link", name="See and hear").click()


def show_and_tell(page: Page) -> None:
    """The camera's picture and the microphone's sound, by the keyboard."""
    form = page.locator(".senses-form")
    page.get_by_role("button", name="Camera").press("Enter")
    page.get_by_role("button", name="Take the picture").press("Enter")
    expect(page.get_by_role("img", name="Camera")).to_be_visible()
    expect(form).to_contain_text("260 tokens")
    assert not live(page)
    page.get_by_role("radio", name="Ask about it").check()
    page.get_by_role("button", name="Microphone").press("Enter")
    expect(form).to_contain_text("Recording: 1 of 30 seconds")
    page.get_by_role("button", name="End", exact=True).press("Enter")
    expect(form.locator("audio")).to_be_visible()
    expect(form.locator("meter")).to_be_visible()


def test_a_way_through(tab: Watched, server: FaultyServer, tmp_path: Path) -> None:
    page = tab.open(f"{server.url}#/senses")
    tab.wait_for("ready")
    form, answer = page.locator(".senses-form"), page.locator(".senses-card")
    expect(form).to_contain_text("This model takes text only. sees can do this.")
    expect(answer).to_contain_text("An example, written by hand")
    check(page)

    refuse_a_stranger(page, tmp_path / "damaged.png")
    leave_with_the_camera_on(page)
    show_and_tell(page)
    check(page)

    # Both are loaded only now, and only because somebody asks.
    page.set_viewport_size({"width": 1280, "height": 900})
    form.get_by_label("Your question", exact=True).fill("What stands beside the door?<end_of_turn>")
    with tab.through("loading", "ready"):
        page.get_by_role("button", name="Load sees").click()
    expect(form).to_contain_text("Loaded for pictures and sound.")
    page.get_by_role("button", name="Ask the model").click()
    expect(answer.get_by_role("log")).to_have_text("A green door.")
    expect(answer.get_by_role("button", name="Copy")).to_be_visible()
    check(page)
    engine, *_, before, picture, sound, after = page.workers[-1].evaluate("self.seen")
    assert (engine["maxNumImages"], engine["supportAudio"]) == (4, True)
    assert before == {"text": "<start_of_turn>user\n"}
    assert picture["opaque"]
    assert (max(picture["width"], picture["height"]) <= 768, picture["colours"] > 1) == (True, True), picture
    assert (sound["rate"], sound["loudest"] > 0.01) == (16_000, True), sound
    assert 0.8 < sound["seconds"] < 10
    assert after["text"].startswith("What stands beside the door?")
    assert after["text"].count("<end_of_turn>") == 1, "what a person types ends no turn"

    # What is kept is the answer with a small picture; it comes back in another visit.
    with tab.through("loading", "ready"):
        tab.choose_model("reads")
    page.reload()
    tab.wait_for("ready")
    expect(page.locator("canvas.senses-picture")).to_have_count(0)
    page.get_by_text("Earlier answers · 1").click()
    page.get_by_role("button", name="Open", exact=True).click()
    expect(answer.get_by_role("log")).to_have_text("A green door.")
    expect(page.locator(".senses-thumbnail")).to_be_visible()
    assert page.evaluate("document.querySelector('.senses-thumbnail').width") <= 96


def test_compressed_sounds_are_heard_as_they_are(tab: Watched, server: FaultyServer) -> None:
    """The browser decodes them, at the rate of the model's. Not every build of Chromium has AAC: one without it says so."""
    page = tab.open(f"{server.url}#/senses")
    tab.wait_for("ready")
    form = page.locator(".senses-form")
    has_aac = page.evaluate("""new Audio().canPlayType('audio/mp4; codecs="mp4a.40.2"') !== ''""")
    for path in sorted(SOUNDS.iterdir()):
        form.locator("input[type=file]").set_input_files(path)
        if path.suffix == ".m4a" and not has_aac:
            expect(page.get_by_role("alert").filter(has_text="a sound that this browser plays")).to_be_visible()
            continue
        expect(form.locator("audio")).to_be_visible()
        expect(form).to_contain_text(path.name)
        heard = page.evaluate(HEARD, [list(path.read_bytes()), path.name])
        assert heard["sampleRate"] == 16_000 and 0.55 < heard["seconds"] < 0.75, (path, heard)
        assert abs(heard["hertz"] - 440) <= 10 and 0.4 < heard["loudest"] < 0.9, (path, heard)


def test_a_picture_is_answered_as_the_reference_answers_it(
    with_camera: Browser, server: FaultyServer, seen: Seen, tmp_path: Path
) -> None:
    """By MediaPipe itself: the picture's file, the turns and the question come to it as they are."""
    picture = tmp_path / "picture.bmp"
    picture.write_bytes(bitmap(seen.picture))
    with watched_tab(with_camera) as tab:
        tab.expected.append("XNNPACK")  # which the engine says as if it were an error
        page = tab.page
        models = page.request.get(f"{server.url}/api/models").json()
        model = next(each for each in models if each["name"] == "looks")
        remembered = {"modelId": model["id"], "settings": {model["id"]: model["sampling"] | {"topK": 1}}}
        page.add_init_script(f"sessionStorage.onpage ??= JSON.stringify({json.dumps(remembered)})")
        tab.open(f"{server.url}#/senses")
        tab.wait_for("ready")
        page.locator(".senses-form input[type=file]").set_input_files(picture)
        page.get_by_role("radio", name="Ask about it").check()
        page.get_by_label("Your question", exact=True).fill(seen.question)
        with tab.through("loading", "ready"):
            page.get_by_role("button", name="Load it").click()
        page.get_by_role("button", name="Ask the model").click()
        said = page.locator(".senses-card").get_by_role("log")
        expect(said).to_have_text(re.compile(rf"^\s*{' '.join(map(word, seen.answer))}\b"), timeout=WRITE_MS)


def bitmap(pixels: NDArray[np.uint8]) -> bytes:
    """A BMP, which holds them as they are; rows of a multiple of 4 bytes."""
    side, rows = len(pixels), pixels[::-1, :, ::-1].tobytes()
    header = struct.pack("<2sIHHI", b"BM", 54 + len(rows), 0, 0, 54)
    return header + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, len(rows), 0, 0, 0, 0) + rows
