"""The vendored libraries: the few files of npm packages that the page loads, copied and compressed once.

    python -m webapp.vendor

writes the libraries' licences to `static/vendor/NOTICES.txt`, and copies them from `static/node_modules` (put there by `npm ci`) to `static/vendor/<package>-<version>/` and writes a
`.br` and a `.gz` beside each; it does nothing when they are there already. The folder is not in git; it is in the
wheel, so that an installed onpage needs neither npm nor a network. Brotli 7 makes 6.4 MB of the 27.2 MB of MediaPipe's
WebAssembly; 9 would make 6.2 MB of it in 4 times the time, 10 5.5 MB in 25 times, for which a fresh machine would wait.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from webapp.paths import static_folder

SUFFIXES = ("", ".br", ".gz")
"""Every file is there in these forms."""


@dataclass(frozen=True)
class Package:
    """Some files of one npm package; their names here are the last parts of their paths there."""

    name: str
    version: str
    files: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Relative to the static folder. The version is in it, so a file's content never changes under its address."""
        return Path("vendor") / f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}"

    @property
    def url(self) -> str:
        return f"static/{self.folder.as_posix()}/"

    def targets(self) -> list[Path]:
        return [self.folder / Path(file).name for file in self.files]

    def is_fresh(self, static: Path) -> bool:
        """Whether every file is there in all three forms."""
        return all(
            path.with_name(path.name + suffix).is_file()
            for path in (static / target for target in self.targets())
            for suffix in SUFFIXES
        )


MEDIAPIPE = Package(
    "@mediapipe/tasks-genai",
    "0.10.29",
    ("genai_bundle.mjs", "wasm/genai_wasm_module_internal.js", "wasm/genai_wasm_module_internal.wasm"),
)
"""The engine as ES modules; the package's other two builds of it stay behind."""

LITERT_LM = Package(
    "@litert-lm/core",
    "0.17.1",
    (
        "dist/readable_stream_data_stream_wrapper.js",
        "wasm/litertlm_wasm_internal.js",
        "wasm/litertlm_wasm_internal.wasm",
        "wasm/litertlm_wasm_compat_asyncify_internal.js",
        "wasm/litertlm_wasm_compat_asyncify_internal.wasm",
    ),
)
"""The other engine, for WebGPU and for the CPU. Of its four builds two: for browsers that can suspend WebAssembly and have
relaxed SIMD, and for all others. The rest of its JavaScript stays behind: see static/engine/workers/litert_lm.worker.js."""

HASH = Package("hash-wasm", "4.13.0", ("dist/sha256.umd.min.js",))
"""Streaming SHA-256, which the browser itself does not have: 294 MB/s where @noble/hashes does 71 (Chromium 156)."""

MARKED = Package("marked", "18.2.1", ("lib/marked.esm.js",))
"""Markdown to HTML, for what a model writes in the chat; loaded when the chat is opened."""

DOMPURIFY = Package("dompurify", "3.5.0", ("dist/purify.es.mjs",))
"""What of that HTML may come into the page."""

JSON_SCHEMA = Package(
    "@cfworker/json-schema",
    "4.1.6",
    tuple(
        f"dist/esm/{name}.js"
        for name in (
            "deep-compare-strict",
            "dereference",
            "format",
            "index",
            "pointer",
            "types",
            "ucs2-length",
            "validate",
            "validator",
        )
    ),
)
"""Whether what a model extracts fits a schema; loaded when that is asked for. It interprets a schema, where ajv and schemasafe make a
function of its text, which the page's policy forbids; and it comes as modules, which jsonschema does not. Minified and compressed:
6 kB (jsonschema 8, schemasafe 20, ajv 38)."""

PDFJS = Package("pdfjs-dist", "5.6.205", ("legacy/build/pdf.min.mjs", "legacy/build/pdf.worker.min.mjs"))
"""The text of PDF files; loaded when one is added to the documents. Version 6 asks for a newer Node than our tests; the legacy build
runs in every browser that has WebGPU. What draws (fonts, image decoders in WebAssembly) stays behind."""

JINJA = Package("@huggingface/jinja", "0.5.11", ("dist/index.js",))
"""What reads a checkpoint's chat template, where the page converts one; loaded then. It walks the template's tree, where nunjucks makes a function
of it, which the page's policy forbids, and it knows what chat templates use. Compressed: 21 kB. static/convert/jinja/ bounds it."""

PACKAGES = (MEDIAPIPE, LITERT_LM, HASH, MARKED, DOMPURIFY, JSON_SCHEMA, PDFJS, JINJA)

MIT_LICENSE = """\
MIT License

Copyright (c) {author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR
ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH
THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""

NOTICES = Path("vendor") / "NOTICES.txt"
"""The licences, relative to the static folder: linked by the page, and in the wheel."""


def build(static: Path, package: Package) -> Path:
    """Copy and compress; returns the folder. FileNotFoundError without `npm ci`, ValueError for another version."""
    target = static / package.folder
    if package.is_fresh(static):
        return target
    source = static / "node_modules" / package.name
    version = json.loads((source / "package.json").read_text(encoding="utf-8"))["version"]
    if version != package.version:
        raise ValueError(f"{source} is version {version}, expected {package.version}: run npm ci in {static}.")
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    try:
        jobs = [(source / file, partial / Path(file).name, suffix) for file in package.files for suffix in SUFFIXES]
        with ThreadPoolExecutor() as threads:
            list(threads.map(_put, jobs))
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def write_notices(static: Path, packages: Sequence[Package] = PACKAGES) -> Path:
    """Writes what the licences of the libraries ask to be passed on, from their npm packages; returns the file.

    A package may lack its licence where that is the same text for everybody, the Apache License 2.0, which is onpage's own, or but for
    a name, the MIT License. FileNotFoundError without `npm ci`, ValueError for a licence whose text is nowhere.
    """
    apache = static.parent / "LICENSE"
    parts = ["The page holds these works of others. Their licences follow, and after them the Apache License 2.0 once."]
    for package in packages:
        source = static / "node_modules" / package.name
        about = json.loads((source / "package.json").read_text(encoding="utf-8"))
        own = sorted(
            path for path in source.iterdir() if path.name.upper().startswith(("LICENSE", "LICENCE", "NOTICE"))
        )
        if not own and about["license"] not in ("Apache-2.0", "MIT"):
            raise ValueError(f"{source} has no text of its licence, {about['license']}: add it to webapp/vendor.py.")
        files = ", ".join(target.as_posix() for target in package.targets())
        parts.append(
            f"{package.name} {package.version}\nLicence: {about['license']}\nAuthor: {about.get('author') or 'not said'}\n{files}"
        )
        parts += [path.read_text(encoding="utf-8").strip() for path in own]
        if not own and about["license"] == "MIT":
            parts.append(MIT_LICENSE.format(author=re.sub(r"\s*[<(].*", "", about["author"])))
    parts.append(apache.read_text(encoding="utf-8").strip("\n"))
    path = static / NOTICES
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"\n\n{'-' * 79}\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def _put(job: tuple[Path, Path, str]) -> None:
    """One form of one file; compressing lets other threads run."""
    import brotli  # only here: serving compressed files does not compress

    source, target, suffix = job
    data = source.read_bytes()
    if suffix == ".br":
        data = brotli.compress(data, quality=7, lgwin=24)
    elif suffix == ".gz":
        data = gzip.compress(data, 6, mtime=0)
    target.with_name(target.name + suffix).write_bytes(data)


def main() -> int:
    try:
        for package in PACKAGES:
            print(build(static_folder(), package))
        print(write_notices(static_folder()))
    except (FileNotFoundError, ValueError) as error:
        print(f"webapp.vendor: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
