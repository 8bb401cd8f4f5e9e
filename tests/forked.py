"""The command `onpage` as a process of its own, at a twentieth of a start: forked off a server that has its modules loaded.

Number, exit status, streams, folder, environment and signals are the process's own, and it ends as any Python does. What is missing
is the start: what Python reads then (`READ_AT_START`), and the imports of a command. So an environment that changes what is read then
is given to a process that is really started, and a test of a start starts one itself, as tests/onpage/command/test_starts.py does.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LIMIT = 300
"""Seconds after which a command is taken for one that hangs."""

READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "TZ", "PROTOCOL_BUFFERS_", "NPY_", "OPENBLAS_", "TQDM_")
"""Beginnings of the variables that Python and the preloaded modules read once. Those of huggingface_hub are not among them: it is not preloaded."""

PRELOADED = (
    *("onpage.__main__", "onpage.command", "rich.progress", "rich.table", "webapp.app", "waitress", "wasmtime"),
    *("builder.fetch.connection", "yaml", "asyncio", "importlib.metadata", "safetensors", "sentencepiece", "tqdm.auto"),
    *("builder.convert.web_file", "builder.convert.against", "builder.encoder.convert", "builder.graph.convert"),
    *("builder.estimate", "builder.estimate.graph", "builder.reference.report", "builder.reference.evaluate"),
    *(
        "builder.lora.merge",
        "builder.lora.layout",
        "builder.slice.write",
        "builder.slice.web_file",
        "builder.store.importing",
    ),
    "builder.synth.web_file",
    "onpage.bench.measured_models",
    "jsonschema",
)
"""Besides every command."""
LARGEST_REQUEST = 1 << 18


def onpage(
    *arguments: object,
    env: Mapping[str, str] | None = None,
    home: Path | None = None,
    cwd: Path | None = None,
    timeout: float = LIMIT,
) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end with these arguments and gives what it printed; nothing is typed. `env` in place of this process's
    environment, `home` as its ONPAGE_HOME. subprocess.TimeoutExpired where it takes longer than `timeout` seconds; then it is killed."""
    environment = dict(os.environ if env is None else env) | ({} if home is None else {"ONPAGE_HOME": str(home)})
    words = [*map(str, arguments)]
    server = _Server.running()
    if not server.may_serve(environment):
        return subprocess.run(
            [sys.executable, "-m", "onpage", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=cwd,
            timeout=timeout,
        )
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as said:
        status = server.run(words, environment, cwd or Path.cwd(), (printed.fileno(), said.fileno()), timeout)
        texts = []
        for stream in (printed, said):
            stream.seek(0)
            texts.append(stream.read().decode().replace("\r\n", "\n"))
    return subprocess.CompletedProcess(["onpage", *words], status, *texts)


@dataclass
class _Server:
    """The one of this process, started at the first use."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    environment: dict[str, str]
    """Of its start, as far as it is read then."""

    _running = None
    _starting = threading.Lock()

    @classmethod
    def running(cls) -> _Server:
        with cls._starting:
            if cls._running is None:
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    theirs.set_inheritable(True)
                    process = subprocess.Popen(
                        [sys.executable, "-m", "tests.forked", str(theirs.fileno())],
                        stdin=subprocess.DEVNULL,
                        pass_fds=[theirs.fileno()],
                        cwd=Path(__file__).parents[1],
                    )
                cls._running = cls(process, ours, read_at_start(os.environ))
                atexit.register(cls._running.end)
            return cls._running

    def may_serve(self, environment: Mapping[str, str]) -> bool:
        return read_at_start(environment) == self.environment

    def run(
        self, arguments: list[str], environment: dict[str, str], cwd: Path, streams: tuple[int, int], timeout: float
    ) -> int:
        """The exit status; minus the signal's number where one ended it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            request = json.dumps([arguments, environment, str(cwd)]).encode()
            assert len(request) <= LARGEST_REQUEST, "more arguments or environment than a request takes"
            with theirs:
                socket.send_fds(self.control, [request], [theirs.fileno(), *streams])
            ours.settimeout(timeout)
            number = int(ours.recv(32) or b"0")
            assert number, "the server ended: see what it said above"
            try:
                return os.waitstatus_to_exitcode(int(ours.recv(32)))
            except TimeoutError:
                os.kill(number, signal.SIGKILL)
                raise subprocess.TimeoutExpired(["onpage", *arguments], timeout) from None

    def end(self) -> None:
        self.control.close()
        self.process.wait()


def read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(READ_AT_START)}


def serve(control: socket.socket) -> None:
    """Forks a process for each request, and tells its number and then how it ended. Returns in such a process only."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever asks, who then closes the socket
    running: dict[int, tuple[int, socket.socket]] = {}
    with selectors.DefaultSelector() as waiting:
        waiting.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is control:
                    request, descriptors, *_ = socket.recv_fds(control, LARGEST_REQUEST, 3)
                    if not request:
                        os._exit(0)
                    pid = os.fork()
                    if pid == 0:
                        control.close()
                        become(request, descriptors)
                        return
                    for descriptor in descriptors[1:]:
                        os.close(descriptor)
                    told = socket.socket(fileno=descriptors[0])
                    told.send(b"%d" % pid)
                    ending = os.pidfd_open(pid)
                    running[ending] = pid, told
                    waiting.register(ending, selectors.EVENT_READ)
                else:
                    assert isinstance(key.fileobj, int)
                    pid, told = running.pop(key.fileobj)
                    waiting.unregister(key.fileobj)
                    os.close(key.fileobj)
                    status = os.waitpid(pid, 0)[1]
                    with told, suppress(BrokenPipeError):  # whoever asked waits no longer
                        told.send(b"%d" % status)


def become(request: bytes, descriptors: list[int]) -> None:
    """Makes this process the one that was asked for."""
    arguments, environment, cwd = json.loads(request)
    for descriptor, number in zip(descriptors[1:], (1, 2), strict=True):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    command = importlib.import_module("onpage.__main__")
    sys.argv = [str(command.__file__), *arguments]
    sys.modules["__main__"] = command  # click names the program by it


def preload() -> None:
    from onpage.command import PLACES

    for name in (*PRELOADED, *(f"onpage.command.{place.split(':')[0]}" for place in PLACES.values())):
        importlib.import_module(name)
    assert "huggingface_hub" not in sys.modules, "it reads its variables as it is imported"
    gc.collect()
    gc.freeze()  # a collection would copy every page of it for each process


if __name__ == "__main__":
    preload()
    with socket.socket(fileno=int(sys.argv[1])) as control:
        serve(control)
    from onpage.__main__ import main

    main()
