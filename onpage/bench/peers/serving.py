"""The peers beside the application, under `/peers/`: their scripts, the npm packages they come from, and their models.

What wllama needs (workers made of blobs) the application's policy forbids. A worker has the policy that its own script came
with, so the peers' scripts come with a wider one, and the page and our own engines keep theirs.

"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, abort, make_response

from builder.errors import OnpageError
from onpage.bench.peers.peer_models import PeerModel
from webapp.headers import SecureResponses
from webapp.paths import static_folder
from webapp.sending import FOR_EVER, file_response
from webapp.vendor import Package

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HERE = Path(__file__).parent

PREFIX = "/peers/"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' blob: 'wasm-unsafe-eval'",
        "connect-src 'self' blob:",
        "worker-src 'self' blob:",
    )
)

RUNTIME = "dist/ort-wasm-simd-threaded"

PACKAGES = (
    Package("@huggingface/transformers", "4.3.1", ("dist/transformers.min.js",)),
    Package(
        "onnxruntime-web",
        "1.31.0-dev.20260914-8d85527a0",
        tuple(f"{RUNTIME}{build}" for build in (".mjs", ".wasm", ".asyncify.mjs", ".asyncify.wasm")),
    ),
    Package("@wllama/wllama", "3.13.0", ("esm/index.js", "esm/wasm/wllama.wasm")),
)
"""Served as npm has them: nothing of them is vendored, and nothing is in the wheel."""

TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json"}

VENDOR_URLS = {package.name: f"{PREFIX}{package.folder.name}/" for package in PACKAGES}
"""As the page has those of its own libraries."""


REGISTER = f"import('{PREFIX}register.js').then(({{ register }}) => register({json.dumps(VENDOR_URLS)}))"
"""An expression that makes the runner of an open page know the peers."""


class WithPeers:
    """WSGI middleware: `/peers/` from here, everything else from the application."""

    def __init__(self, application: WSGIApplication, models: Sequence[PeerModel], hosts: Iterable[str] = ()) -> None:
        self.application = application
        self.peers = SecureResponses(_peers(models).wsgi_app, hosts, policy=POLICY)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        ours = environ.get("PATH_INFO", "").startswith(PREFIX)
        return (self.peers if ours else self.application)(environ, start_response)


def with_peers(app: Flask, models: Sequence[PeerModel], hosts: Iterable[str] = ()) -> Flask:
    """The same application, with these models and the peers beside it. OnpageError where the packages are not installed."""
    for package in PACKAGES:
        _check_installed(package)
    app.wsgi_app = WithPeers(app.wsgi_app, models, hosts)  # type: ignore[method-assign]
    return app


def _peers(models: Sequence[PeerModel]) -> Flask:
    app = Flask("peers", static_folder=None)
    packaged = {
        f"{package.folder.name}/{Path(file).name}": static_folder() / "node_modules" / package.name / file
        for package in PACKAGES
        for file in package.files
    }
    content: dict[str, Path | bytes] = {}
    for model in models:
        content[model.sha256] = model.listing if model.files else model.path
        content |= {file["sha256"]: model.path / file["path"] for file in model.files}

    @app.get(f"{PREFIX}<name>")
    def script(name: str) -> Response:
        path = next((path for path in HERE.glob("*.js") if path.name == name), None)
        if path is None:
            abort(404)
        return _sent(path, path.suffix, keep=False)

    @app.get(f"{PREFIX}<folder>/<name>")
    def packaged_file(folder: str, name: str) -> Response:
        path = packaged.get(f"{folder}/{name}")
        if path is None:
            abort(404)
        return _sent(path, path.suffix, keep=True)

    @app.get(f"{PREFIX}models/<sha256>/<path:name>")
    def model_file(sha256: str, name: str) -> Response:
        found = content.get(sha256)
        if found is None:
            abort(404)
        if isinstance(found, bytes):
            return make_response(found, {"Content-Type": TYPES[".json"]})
        return _sent(found, Path(name).suffix, keep=True, etag=sha256)

    return app


def _sent(path: Path, suffix: str, *, keep: bool, etag: str | None = None) -> Response:
    """A file, by the rules by which our own models are sent. `keep`: its address promises that it never changes."""
    status = path.stat()
    return file_response(
        FileIO(path),
        status.st_size,
        etag or f"{status.st_mtime_ns:x}-{status.st_size:x}",
        {"Content-Type": TYPES.get(suffix, "application/octet-stream")},
        {"Cache-Control": FOR_EVER if keep else "no-cache"},
    )


def _check_installed(package: Package) -> None:
    folder = static_folder() / "node_modules" / package.name
    try:
        version = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
    except OSError:
        version = "missing"
    if version != package.version:
        raise OnpageError(
            f"{package.name} {package.version} is measured from a checkout with its npm packages, and {folder} is {version}: "
            f"run npm ci in {folder.parents[len(Path(package.name).parts)]}.",
            subject=package.name,
        )
