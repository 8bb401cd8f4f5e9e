"""What can go wrong between a model file on disk and a listening server.

OnpageError
└── ServeError
    ├── PortTakenError           another program listens on the port
    ├── AddressUnusableError     the host is not an address of this machine
    ├── HostNameError            a name to answer to is no name of a host
    ├── OriginError              an origin that may load from here is none
    ├── ModelFileMissingError    a model file is not there (any more)
    ├── ModelFileChangedError    a model file is not the one that was hashed
    ├── ModelFileUnfitError      a stored model is known not to run, or to write wrong text
    ├── FilesUnlikeError         files that were to be one model are not
    ├── AdapterUnfitError        a LoRA adapter is for none of the models
    ├── NothingToSliceError      a slice was asked for, and none of the models is a web file of a Gemma 3n
    └── FrontEndMissingError     the vendored engine was not built (`make serve` does, or a broken wheel)
"""

from __future__ import annotations

from pathlib import Path

from builder.errors import OnpageError
from builder.files.reading import shown

MAX_PORT = 65_535


class ServeError(OnpageError):
    """The page cannot be served."""


class PortTakenError(ServeError):
    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        super().__init__(
            f"Port {port} on {host} is in use by another program: stop that program, "
            f"or choose another port with --port {port + 1 if port < MAX_PORT else port - 1}.",
            subject=f"{host}:{port}",
        )


class AddressUnusableError(ServeError):
    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host, self.port, self.reason = host, port, reason
        super().__init__(
            f"Cannot listen on {host} port {port} ({reason}): leave --host out to use 127.0.0.1.",
            subject=f"{host}:{port}",
        )


class HostNameError(ServeError):
    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{shown(name)} is not a host name: expected a name such as box.example, or an address, without http:// and path.",
            subject=name,
        )


class OriginError(ServeError):
    def __init__(self, origin: str) -> None:
        self.origin = origin
        super().__init__(
            f"{shown(origin)} is not an origin: expected one such as https://example.org, without a path, or * for all.",
            subject=origin,
        )


class ModelFileMissingError(ServeError):
    def __init__(self, path: Path, reason: str = "is missing") -> None:
        self.path = path
        super().__init__(f"{path} {reason}: check the name, or make the file again with onpage convert.", subject=path)


class ModelFileChangedError(ServeError):
    def __init__(self, path: Path, remedy: str = "start onpage serve again") -> None:
        self.path = path
        super().__init__(f"{path} has changed since it was hashed: {remedy}.", subject=path)


class ModelFileUnfitError(ServeError):
    def __init__(self, model_id: str, sentence: str) -> None:
        super().__init__(sentence, subject=model_id)


class FilesUnlikeError(ServeError):
    def __init__(self, first: Path, other: Path, reason: str) -> None:
        self.first, self.other = first, other
        super().__init__(
            f"{first} and {other} cannot be offered as one model: {reason}. A comma joins files with the same weights; "
            f"otherwise, give each file its own --model.",
            subject=other,
        )


class AdapterUnfitError(ServeError):
    def __init__(self, path: Path, wanted: str, offered: str) -> None:
        self.path = path
        super().__init__(
            f"The LoRA adapter {path} fits none of the models ({offered}): {wanted}. Add its base with --model.",
            subject=path,
        )


class NothingToSliceError(ServeError):
    def __init__(self, offered: str) -> None:
        super().__init__(
            f"None of the models ({offered}) is a web file of a Gemma 3n, which alone is made to be sliced: add one with --model, "
            f"or leave --slice out.",
            subject="slice",
        )


class FrontEndMissingError(ServeError):
    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"The engine's file {path} is missing: run make serve in a checkout, or install onpage again.", subject=path
        )
