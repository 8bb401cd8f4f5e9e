"""`onpage serve` as a process of its own, so that what serves the model does not share the processor time of what measures."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from urllib.request import ProxyHandler, build_opener

from builder.errors import BenchError
from builder.files.digest import sha256_of
from builder.files.systems import without_our_interrupt

READY = re.compile(r"ready at (http://\S+)/")
START_SECONDS = 600
"""Files are hashed before, at about a gigabyte a second."""
END_SECONDS = 10
MAX_ANSWER = 16 << 20


@dataclass(frozen=True)
class Server:
    """A server that is ready."""

    url: str
    """Where it is from this machine, without a slash at the end."""
    models: list[dict[str, Any]]
    """As /api/models describes them."""

    def sha256_of(self, path: Path) -> str:
        """Of a file that it serves, which it has read, and sends no longer when the file was changed since.

        Its word is taken where name and size leave no doubt which file it speaks of; else the file is read again.
        """
        size = path.stat().st_size
        said = {
            file["sha256"]
            for entry in self.models
            for file in entry["files"]
            if file["size"] == size and path.name in (unquote(file["url"].rsplit("/", 1)[1]), file["sha256"])
        }
        return said.pop() if len(said) == 1 else sha256_of(path)


@asynccontextmanager
async def serving(
    models: Sequence[str],
    *,
    peers: Sequence[Path] = (),
    host: str = "127.0.0.1",
    port: int = 0,
    allowed_hosts: Sequence[str] = (),
    onpage: Path | None = None,
) -> AsyncIterator[Server]:
    """Serves models (ids or files); BenchError, with the server's own sentence, where it does not come up.

    `peers` are models of peers, which are then served, too. `onpage` is the command of another checkout or environment, whose
    page is to be measured; it serves no peers.
    """
    program = "onpage.command.serve_peers" if peers else "onpage.command"
    command = [str(onpage)] if onpage else [sys.executable, "-c", f"from {program} import main; main()"]
    arguments = [part for model in models for part in ("--model", model)]
    arguments += [part for path in peers for part in ("--peer", str(path))]
    arguments += [part for name in allowed_hosts for part in ("--allow-host", name)]
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            *("serve", "--host", host, "--port", str(port)),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            **without_our_interrupt(),  # the command ends the server when it has written its results
        )
        try:
            url = await _ready(process)
            if url is None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), END_SECONDS)  # its last words are the reason
                log.seek(0)
                said = log.read(64 << 10).decode(errors="replace").strip().splitlines()
                reason = said[-1].removeprefix("onpage: ") if said else "it did not say why."
                raise BenchError(f"The server did not start: {reason}")
            yield Server(url, await asyncio.to_thread(_models, url))
        finally:
            await _end(process)


async def _ready(process: asyncio.subprocess.Process) -> str | None:
    assert process.stdout
    with suppress(TimeoutError):
        async with asyncio.timeout(START_SECONDS):
            while line := await process.stdout.readline():
                if found := READY.search(line.decode(errors="replace")):
                    return found[1]
    return None


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:  # asyncio complains of a process that is signalled after its end
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def _models(url: str) -> list[dict[str, Any]]:
    with build_opener(ProxyHandler({})).open(
        f"{url}/api/models", timeout=30
    ) as response:  # our own server needs no proxy
        models: list[dict[str, Any]] = json.loads(response.read(MAX_ANSWER))
    return [model for model in models if model.get("kind") != "embedding"]  # these write nothing to measure
