"""What runs: web files, graphs and their bundles, damaged and inspected."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from builder.bundle import Conversation, graph_source, web_source, write_litertlm, write_task
from builder.convert.web_file import convert_checkpoint
from builder.formats.inspect_model import ModelFacts, check_model, inspect_model
from builder.formats.inspect_web_file import WebFileFacts
from builder.formats.litertlm_reader import LitertlmFile
from builder.formats.web_entries import sums_size
from builder.formats.web_file_reader import WebFile
from builder.formats.web_tensors import PICTURES
from builder.lora.adapter_file import convert_adapter
from builder.model.families.dense import GEMMA_TURNS
from builder.model.tokenizer import Tokenizer
from builder.quantize.scheme import Quantization
from builder.synth.web_file import synthesize, synthetic_tokenizer
from onpage.command.inspect import show
from tests.adapters import write_adapter
from tests.checkpoints import IMAGE_ROWS, gemma3_config, write_checkpoint
from tests.goldens.tower_cases import TOWERS
from tests.graphs import VOCABULARY as GRAPH_VOCABULARY
from tests.graphs import write_graph
from tests.robustness import formats
from tests.robustness.mutators import damaged, damaged_json, damaged_protobuf
from tests.robustness.target import VOCABULARY, Target


def _inspect(path: Path) -> ModelFacts:
    """As `onpage inspect` does, for people and for programs."""
    facts = inspect_model(path)
    with contextlib.redirect_stdout(io.StringIO()):
        show(facts)
    json.dumps(facts.to_json())
    return facts


class Web(Target):
    """A web file, of a model or of an adapter: inspected, shown, and every part of it read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "web.task"
        self.sound = []
        for bits, embedding in (("4", "8"), ("q4_0", "8"), ("8", "4")):
            shape = f"hidden=32,ffn=32,layers=1,heads=1,kv=1,head=32,vocab={VOCABULARY}"
            synthesize(shape, self.path, quantization=Quantization.of(bits, embedding=embedding))
            self.sound.append(_WebFile(self.path))
        config = gemma3_config(hidden_size=16, intermediate_size=16, num_hidden_layers=1, vocab_size=VOCABULARY)
        base, adapter = write_checkpoint(folder / "base", config), write_adapter(folder / "adapter", config, rank=4)
        convert_adapter(base, adapter, self.path)
        self.sound.append(_WebFile(self.path))
        text = {
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "vocab_size": VOCABULARY + IMAGE_ROWS,
        }
        sees = replace(TOWERS["unpooled"], text=text).write(folder / "sees")
        convert_checkpoint(sees, self.path, pictures=True)
        self.sound.append(_WebFile(self.path))

    def damage(self, chance: Random) -> None:
        sound = chance.choice(self.sound)
        if sound.graphs and chance.random() < 0.5:
            place, graph, known = chance.choice(sound.graphs)
            content = damaged(graph, known, chance)
            self.path.write_bytes(formats.replaced(sound.data, sound.header, place, content))
            return
        what = chance.random()
        if what < 0.6:
            data = damaged(sound.data[: sound.header], sound.known, chance) + sound.data[sound.header :]
        elif what < 0.7:
            data = damaged(sound.data, sound.known, chance)
        else:
            entry, (offset, size) = chance.choice(list(sound.entries.items()))
            content = sound.data[offset : offset + size]
            if entry == "onpage":
                content = damaged_json(json.loads(content), chance)
            else:
                content = damaged_protobuf(content, chance)
            data = formats.replaced(sound.data, sound.header, (offset, size), content)
        self.path.write_bytes(data)

    def read(self) -> None:
        facts = _inspect(self.path)
        file = WebFile.open(self.path)
        for name in file.tensors:
            file.read(name)
            file.matrix(name.removesuffix(".w"))
        if isinstance(facts, WebFileFacts) and facts.lora_rank is None:
            web_source(self.path)


class _WebFile:
    """A sound web file without its padding, and where its header ends and its metadata and graphs lie."""

    def __init__(self, path: Path) -> None:
        import tflite

        file = WebFile.open(path)
        assert file.sums_offset is not None  # the last thing in the file
        self.data = path.read_bytes()[: file.sums_offset + sums_size(file.tensors)]
        model = tflite.Model.GetRootAs(self.data, 0)
        self.entries: dict[str, tuple[int, int]] = {}
        for i in range(model.MetadataLength()):
            buffer = model.Buffers(model.Metadata(i).Buffer())
            if buffer.Size():
                self.entries[model.Metadata(i).Name().decode()] = (buffer.Offset(), buffer.Size())
        self.header = min(offset for offset, _ in self.entries.values())
        self.known = formats.flatbuffer(self.data, 0, self.header)
        places = [(entry.offset, entry.size) for name, entry in file.tensors.items() if name in PICTURES]
        graphs = [(place, self.data[place[0] : sum(place)]) for place in places]
        self.graphs = [(place, graph, formats.flatbuffer(graph, 0, len(graph))) for place, graph in graphs]


def _graph_source(folder: Path) -> Any:
    """What bundles are made of: a small graph and a tokenizer."""
    tokenizer = Tokenizer.from_bytes(folder, synthetic_tokenizer(GRAPH_VOCABULARY))
    graph = write_graph(folder / "graph.tflite", weights=64)
    return graph_source(graph, tokenizer, Conversation.of(tokenizer, GEMMA_TURNS), "gemma3")


class GraphFile(Target):
    """A LiteRT graph (`.tflite`), bundled."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.source = _graph_source(folder)
        self.path, self.output = folder / "graph.tflite", folder / "bundle.task"
        self.sound = self.path.read_bytes()
        self.known = formats.flatbuffer(self.sound, 0, len(self.sound))

    def damage(self, chance: Random) -> None:
        self.path.write_bytes(damaged(self.sound, self.known, chance))

    def read(self) -> None:
        try:
            _inspect(self.path)
            source = self.source
            write_task(self.output, graph_source(self.path, source.tokenizer, source.conversation, source.family))
        finally:
            self.output.unlink(missing_ok=True)


class Task(Target):
    """A zip `.task`: its directory, and what its entries hold behind a checksum that is right."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "bundle.task"
        write_task(self.path, _graph_source(folder))
        self.sound = self.path.read_bytes()
        self.known = formats.zip_file(self.sound)
        with zipfile.ZipFile(self.path) as file:
            self.entries = {name: file.read(name) for name in file.namelist()}

    def damage(self, chance: Random) -> None:
        if chance.random() < 0.6:
            self.path.write_bytes(damaged(self.sound, self.known, chance))
            return
        entries = dict(self.entries)
        name = chance.choice(list(entries))
        if name == "TF_LITE_PREFILL_DECODE":
            known = formats.flatbuffer(entries[name], 0, len(entries[name]))
            entries[name] = damaged(entries[name], known, chance)
        else:
            entries[name] = damaged_protobuf(entries[name], chance)
        method = zipfile.ZIP_DEFLATED if chance.random() < 0.1 else zipfile.ZIP_STORED
        with zipfile.ZipFile(self.path, "w", method) as file:
            for entry, content in entries.items():
                file.writestr(entry, content)
            if chance.random() < 0.1:
                with warnings.catch_warnings(action="ignore"):  # zipfile's, of the second entry of a name
                    file.writestr(name, entries[name])

    def read(self) -> None:
        _inspect(self.path)
        check_model(self.path)


class Litertlm(Target):
    """A `.litertlm` of a web file, and one of a graph."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "bundle.litertlm"
        web = folder / "web.task"
        synthesize(f"hidden=32,ffn=32,layers=1,heads=1,kv=1,head=32,vocab={VOCABULARY}", web)
        self.sound = []
        for source in (web_source(web), _graph_source(folder)):
            write_litertlm(self.path, source)
            data = self.path.read_bytes()
            (header,) = struct.unpack_from("<Q", data, 24)
            sections = {section.kind: section for section in LitertlmFile.open(self.path).sections}
            model = sections["TFLiteModel"]
            end = model.offset + min(model.size, 1 << 16)
            known = formats.flatbuffer(data, 0, header)
            inside = formats.flatbuffer(data, model.offset, min(end, model.offset + 4096))
            self.sound.append((data[: 1 << 17], header, known, inside, sections))

    def damage(self, chance: Random) -> None:
        data, header, known, inside, sections = chance.choice(self.sound)
        what = chance.random()
        if what < 0.6:
            data = damaged(data[:header], known, chance) + data[header:]
        elif what < 0.8:
            data = damaged(data, inside, chance)
        else:
            section = sections[chance.choice(["LlmMetadataProto", "SP_Tokenizer"])]
            content = damaged_protobuf(data[section.offset : section.offset + section.size], chance)
            data = formats.replaced(data, header, (section.offset, section.size), content)
        self.path.write_bytes(data)

    def read(self) -> None:
        _inspect(self.path)
        check_model(self.path)
