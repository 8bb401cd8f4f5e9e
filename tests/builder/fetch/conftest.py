"""The command against the test's own hub, and what must hold after every run of it, whatever happened."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from builder.store import Store
from builder.synth.web_file import synthesize
from tests.builder.fetch.hub import STRANGER, TOKEN, UNKNOWN, Hub
from tests.forked import onpage

if TYPE_CHECKING:
    from tests.builder.fetch.faults import Seen

pytest.register_assert_rewrite("tests.builder.fetch.faults")
SIGNATURE = "secretsignature"


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A sound web file of about 3 MB."""
    path = tmp_path_factory.mktemp("model") / "model.task"
    synthesize("layers=2,hidden=256,vocab=6144", path)
    return path.read_bytes()


@pytest.fixture
def hub(model: bytes) -> Iterator[Hub]:
    hub = Hub(model)
    yield hub
    hub.close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


class Fetching:
    """Runs `onpage fetch` as a user does, and looks for leaks and corrupt contents after each run."""

    def __init__(self, hub: Hub, store: Store, tmp_path: Path) -> None:
        self._hub, self._store, self._folder = hub, store, tmp_path
        self.everything_printed = ""

    def environment(self, **more: str) -> dict[str, str]:
        """Nothing of the machine's own Hugging Face settings or proxies."""
        ours = ("HF_", "HUGGING", "XDG_", "SSL_CERT_")
        kept = {
            n: v for n, v in os.environ.items() if not n.upper().startswith(ours) and not n.lower().endswith("_proxy")
        }
        return (
            kept
            | {
                "ONPAGE_HOME": str(self._store.folder),
                "HF_ENDPOINT": self._hub.endpoint,
                "HF_HOME": str(self._folder / "hf"),
                "HF_HUB_DOWNLOAD_TIMEOUT": "20",
            }
            | more
        )

    def __call__(
        self,
        *arguments: object,
        before: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
        preexec_fn: Callable[[], object] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        environment = self.environment(**(environment or {}))
        if preexec_fn is None:
            done = onpage(*before, "fetch", *arguments, env=environment, timeout=60)
        else:
            done = subprocess.run(
                self.command(*arguments, before=before),
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
                env=environment,
                preexec_fn=preexec_fn,
            )
        self.check(done.stdout + done.stderr)
        return done

    def start(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(**environment),
        )

    @staticmethod
    def command(*arguments: object, before: tuple[str, ...] = ()) -> list[str]:
        return [sys.executable, "-m", "onpage", *before, "fetch", *map(str, arguments)]

    def check(self, printed: str) -> None:
        """No token where it does not belong, and nothing in the store that is not what its name says."""
        secrets = (TOKEN, STRANGER, UNKNOWN)
        assert not [secret for secret in (*secrets, SIGNATURE) if secret in printed]
        written = b"".join(path.read_bytes() for path in self._store.folder.rglob("*") if path.is_file())
        assert not [secret for secret in (*secrets, SIGNATURE) if secret.encode() in written]
        elsewhere = repr([request.headers for request in self._hub.of("cdn")])
        assert "authorization" not in elsewhere and not [secret for secret in secrets if secret in elsewhere]
        for path in self._store.content_paths():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
        for stored in self._store.models():
            assert stored.problem is None


@pytest.fixture
def fetch(hub: Hub, store: Store, tmp_path: Path) -> Callable[..., Any]:
    return Fetching(hub, store, tmp_path)


@pytest.fixture(scope="module")
def sufferings(
    request: pytest.FixtureRequest, model: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Seen]]]:
    """Every fault of the module that is tested in this run, a few at a time: most of them wait for something."""
    from tests.builder.fetch.faults import suffer

    items = [item for item in request.session.items if getattr(item, "module", None) is request.module]
    faults = [item.callspec.params["fault"] for item in items if hasattr(item, "callspec")]
    with ThreadPoolExecutor(3) as pool:
        yield {fault.name: pool.submit(suffer, fault, tmp_path_factory.mktemp("fault"), model) for fault in faults}
        pool.shutdown(cancel_futures=True)
