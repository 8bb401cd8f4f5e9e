"""Running the server: its address, a taken port, an impossible host, and a clean end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from webapp.errors import AddressUnusableError, ModelFileMissingError, PortTakenError
from webapp.serve import serve

COMMAND = [sys.executable, "-c", "from onpage.command import main; main()", "serve"]


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell's background job ignores Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    )
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert "http://" in line, process.communicate()
        yield process, line
    finally:
        process.kill()
        process.communicate()


def test_serves_and_ends_with_ctrl_c(model_path: Path) -> None:
    with running("--port", "0", "--model", str(model_path)) as (process, line):
        url = line.split(" at ")[1].split()[0]
        assert url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{url}api/models") as response:
            assert b"tiny" in response.read()
            assert "Server" not in response.headers
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("host", "address"), [("[::1]", "[::1]"), ("::1", "[::1]"), ("localhost.", "localhost"), ("[::]", "127.0.0.1")]
)
def test_an_address_is_taken_as_people_write_it(model_path: Path, host: str, address: str) -> None:
    with running("--port", "0", "--model", str(model_path), "--host", host) as (_, line):
        url = line.split(" at ")[1].split()[0]
        assert url.startswith(f"http://{address}:")
        with urllib.request.urlopen(f"{url}api/models") as response:
            assert response.status == 200


def test_port_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError) as caught:
            serve([], port=port)
        assert caught.value.port == port
        result = subprocess.run(
            [*COMMAND, "--port", str(port)], capture_output=True, text=True, timeout=120, check=False
        )
    assert result.returncode == 1
    assert result.stdout == ""
    (sentence,) = result.stderr.splitlines()
    assert f"Port {port} on 127.0.0.1 is in use" in sentence
    assert f"--port {port + 1}" in sentence


def test_address_of_another_machine() -> None:
    with pytest.raises(AddressUnusableError, match=r"192\.0\.2\.1"):
        serve([], host="192.0.2.1", port=0)


def test_missing_model_frees_the_port(tmp_path: Path) -> None:
    port = 20_000 + os.getpid() % 10_000  # below those that the system gives to others meanwhile
    with pytest.raises(ModelFileMissingError):
        serve([tmp_path / "nothing-web.task"], port=port)
    with socket.socket() as again:
        again.bind(("127.0.0.1", port))
