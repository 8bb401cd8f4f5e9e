"""Reading a web model file that nobody vouches for.

Only the header is read, at most MAX_HEADER bytes, and nothing in it is believed: counts, indices, offsets and sizes are
checked against the file before they are used. Weights are read tensor by tensor when asked for. Raises WebFileError.
"""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from builder.errors import ModelFileError, WebFileError
from builder.files.untrusted import INT8, INT32, UINT32, UINT64, UntrustedBytes, opened
from builder.formats import tflite_schema as schema
from builder.formats.flatbuffer import Table, root_table
from builder.formats.llm_parameters import MAX_STOPS, LlmParameters
from builder.formats.sniff import FIRST_BYTES, Format, describe, sniff
from builder.formats.web_entries import (
    BACKEND_ENTRY,
    LORA_RANK_ENTRY,
    MAX_NOTES,
    MAX_PARAMETERS,
    MODEL_TYPE_ENTRY,
    NOTES_ENTRY,
    PARAMETERS_ENTRY,
    SUMS_ENTRY,
    TOKENIZER_ENTRY,
    sums_size,
)
from builder.formats.web_tensors import (
    BITS,
    PER_LAYER_TABLES,
    PICTURES,
    SOUND,
    StoredMatrix,
    TensorEntry,
    inputs_of,
    is_of_experts,
    tables_size,
)
from builder.model.residual import float16_limit, is_residual_scale
from builder.quantize.scheme import Order, Scheme

MAX_HEADER = 16 << 20
MAX_TENSORS = 65_536
MAX_METADATA = 256
MAX_OPERATORS = 1 << 20
MAX_NAME = 256
MAX_TOKENIZER = 256 << 20
MAX_BACKEND = 64
MAX_DIMENSION = 1 << 24


@dataclass(frozen=True)
class WebFile:
    """An opened web file: the header, understood and checked against the length of the file."""

    path: Path
    size: int
    model_type: int
    backend: str
    parameters: LlmParameters
    tokenizer_offset: int
    tokenizer_size: int
    tensors: dict[str, TensorEntry]
    """In the order of the list in the header."""
    metadata: tuple[str, ...]
    notes: dict[str, Any]
    """What onpage wrote beside the engine's metadata; empty in files of others."""
    lora_rank: int | None = None
    """Of an adapter file, whose parameters are its base's and which has no tokenizer; None for a model."""
    start: int = 0
    """Where the web file begins in the file at `path`: behind 0 in a bundle."""
    sums_offset: int | None = None
    """Where the sums of the parts are; None in files of others, and in older ones of onpage."""

    @classmethod
    def open(cls, path: Path, offset: int = 0, size: int | None = None) -> WebFile:
        """Reads and checks the header of `path`, or of the web file in `size` bytes of it at `offset`."""
        try:
            with opened(path, offset, size) as content:
                _sniff(path, content.read(0, min(content.size, FIRST_BYTES)))
                return _Parser(path, offset, content).parse()
        except WebFileError:
            raise
        except ModelFileError as error:
            raise WebFileError(str(error), subject=path) from None
        except (ValueError, RecursionError, DecodeError) as error:  # of the metadata's own formats
            raise WebFileError(
                f"{path} has a damaged header ({error}): expected a TFL3 FlatBuffer; download or convert it again.",
                subject=path,
            ) from None

    @property
    def context_length(self) -> int | None:
        """Tokens that the model was made for, None where the file does not say."""
        fixed = int(self.parameters.transformer_parameters.max_seq_length)
        return fixed if fixed > 0 else self.noted_number("context_length", int, 1, 1 << 24)

    @property
    def modalities(self) -> tuple[str, ...]:
        """What goes in: text, and what there are tensors for."""
        sees = all(name in self.tensors for name in PICTURES)
        hears = any(name.startswith(SOUND) for name in self.tensors)
        return ("text", *(["image"] if sees else []), *(["audio"] if hears else []))

    @property
    def residual_scale(self) -> float:
        """What its residual stream was multiplied with (builder.model.residual); 1 where the file does not say."""
        value = self.notes.get("residual_scale")
        return float(value) if is_residual_scale(value) else 1.0  # type: ignore[arg-type]

    @property
    def largest_residual(self) -> float | None:
        """The largest value of its own, scaled stream in the pass before it was written; None where the file does not say."""
        found: float | None = self.noted_number("largest_residual", float, 0, 1e12)
        return found

    @property
    def residual_bound(self) -> float | None:
        """What no text brings its own, scaled stream beyond; None where the file does not say."""
        found: float | None = self.noted_number("residual_bound", float, 0, 1e12)
        return found

    @property
    def float16_limit(self) -> float:
        """As of builder.model.residual, of its own stream or streams."""
        return float16_limit(max(1, int(self.parameters.transformer_parameters.altup_config.altup_num_inputs)))

    @property
    def has_experts(self) -> bool:
        """Whether a router chooses for each token which of several feed-forwards compute."""
        return bool(self.parameters.transformer_parameters.moe_config.num_experts)

    @property
    def loads_tables_on_demand(self) -> bool:
        """Whether the tables of its layers stay out of the GPU, of which the engine looks up a token's rows."""
        p = self.parameters.transformer_parameters
        return bool(p.load_per_layer_embedding_dynamically and p.per_layer_embedding_dimension)

    @property
    def problem(self) -> str | None:
        """Why the engine would write wrong text with it, in words that follow its name; None where nothing is known against it.

        Of a table that it takes rows of on demand, it reads a scale for a row, whatever the file has.
        """
        width = int(self.parameters.transformer_parameters.per_layer_embedding_dimension or 0)
        for name, tensor in self.tensors.items() if self.loads_tables_on_demand else ():
            scales = self.tensors.get(f"{name}_quantized_scale")
            if name.endswith(f"{PER_LAYER_TABLES}.w") and scales and tensor.type in BITS:
                rows = tensor.size * 8 // BITS[tensor.type] // width
                if scales.size != 4 * rows:
                    return (
                        f"would write wrong text: {name} has {scales.size // 4:,} scales for {rows:,} rows, and an engine "
                        f"that loads it on demand reads one for each"
                    )
        return None

    @property
    def on_demand(self) -> int:
        """Bytes of those tables; 0 where there are none."""
        return tables_size(self.tensors.values()) if self.loads_tables_on_demand else 0

    def noted_number(self, key: str, kind: type, least: float, most: float) -> Any:
        """A number of the notes from `least` to `most`, None where there is none or it is something else."""
        value = self.notes.get(key)
        usable = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
        return kind(value) if usable else None

    def matrix(self, name: str) -> StoredMatrix | None:
        """Shape and scheme of the matrix `name` (without `.w`), from the sizes of its parts; None where it is not one.

        Nothing in the file says how many inputs share a scale: the engine takes it from the number of the scales too.
        """
        values, scales, sums = (self.tensors.get(name + end) for end in (".w", ".w_quantized_scale", ".w.sum_i"))
        if values is None or scales is None or values.type not in BITS:
            return None
        bits = BITS[values.type]
        count = values.size * 8 // bits
        # others may leave the sums out of a matrix in blocks
        n = sums.size // 4 if sums else count // inputs_of(name, self.parameters.transformer_parameters)
        if n < 1 or count % n or scales.size % (4 * n) or (count // n) % (scales.size // (4 * n) or 1):
            return None
        k, blocks = count // n, scales.size // (4 * n)
        order: Order = "rows" if name.endswith(PER_LAYER_TABLES) and self.loads_tables_on_demand else "blocks"
        stack = int(self.parameters.transformer_parameters.moe_config.num_experts) if is_of_experts(name) else 1
        if not blocks or stack < 1 or n % stack:
            return None
        return StoredMatrix(k, n, Scheme(bits, k // blocks if blocks > 1 else None), order, stack)

    def read(self, name: str) -> bytes:
        """All bytes of a tensor; WebFileError where there is none of that name."""
        entry = self.tensors.get(name)
        if entry is None:
            raise WebFileError(f"{self.path} has no tensor {name}.", subject=name)
        return _read(self.path, entry.offset, entry.size)

    def tokenizer(self) -> bytes:
        """The SentencePiece model, untrusted."""
        return _read(self.path, self.tokenizer_offset, self.tokenizer_size)


def _read(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(size)
    if len(data) != size:
        raise WebFileError(f"{path} ended early: it was cut while being read.", subject=path)
    return data


def _sniff(path: Path, head: bytes) -> None:
    found = sniff(head)
    if found is not Format.WEB:
        kind = describe(head) if found is None else f"a {found.value}"
        raise WebFileError(f"{path} is not a web model file: expected TFL3 at byte 4, found {kind}.", subject=path)


class _Parser:
    def __init__(self, path: Path, base: int, content: UntrustedBytes) -> None:
        self.path, self.base, self.size = path, base, content.size
        self.header = content.part(0, min(content.size, MAX_HEADER))

    def fail(self, what: str) -> WebFileError:
        return WebFileError(f"{self.path} {what}; download or convert it again.", subject=self.path)

    def parse(self) -> WebFile:
        model = root_table(self.header)
        version = model.number(schema.MODEL_VERSION, UINT32)
        if version != 3:
            raise self.fail(f"has TFLite version {version}: expected 3")
        graphs = list(model.tables(schema.MODEL_SUBGRAPHS, 1, "subgraphs"))
        if not graphs:
            raise self.fail("has no subgraph: expected 1")
        _, operators = graphs[0].vector(schema.GRAPH_OPERATORS, 4, MAX_OPERATORS, "operators")
        if operators:
            raise WebFileError(
                f"{self.path} is a LiteRT graph with {operators} operators: expected a web model file, which has weights "
                f"only.",
                subject=self.path,
            )
        self.places: list[tuple[int, int, str]] = []
        self.buffers = list(model.tables(schema.MODEL_BUFFERS, MAX_TENSORS + MAX_METADATA, "buffers"))
        metadata = self.metadata(model)
        offset, size = self.place(metadata, PARAMETERS_ENTRY, MAX_PARAMETERS)
        parameters = self.parameters(_read(self.path, offset, size))
        lora_rank = metadata.get(LORA_RANK_ENTRY)
        tokenizer_offset, tokenizer_size = (
            self.place(metadata, TOKENIZER_ENTRY, MAX_TOKENIZER) if lora_rank is None else (0, 0)
        )
        backend = self.name(_read(self.path, *self.place(metadata, BACKEND_ENTRY, MAX_BACKEND)).decode())
        if MODEL_TYPE_ENTRY not in metadata:
            raise self.fail(f"has no metadata entry {MODEL_TYPE_ENTRY}")
        tensors = self.tensors(graphs[0])
        self.check_rank(lora_rank, tensors)
        notes = self.notes(metadata)
        sums_offset = self.sums(metadata, len(tensors)) if SUMS_ENTRY in metadata else None
        self.check_apart()
        return WebFile(
            path=self.path,
            size=self.size,
            model_type=metadata[MODEL_TYPE_ENTRY],
            backend=backend,
            parameters=parameters,
            tokenizer_offset=tokenizer_offset,
            tokenizer_size=tokenizer_size,
            tensors=tensors,
            metadata=tuple(metadata),
            notes=notes,
            lora_rank=lora_rank,
            start=self.base,
            sums_offset=sums_offset,
        )

    def name(self, text: str) -> str:
        if not 0 < len(text) <= MAX_NAME or not text.isprintable():
            raise self.fail("has a tensor or metadata entry without a usable name")
        return text

    def metadata(self, model: Table) -> dict[str, int]:
        entries: dict[str, int] = {}
        for entry in model.tables(schema.MODEL_METADATA, MAX_METADATA, "metadata entries"):
            name = self.name(entry.text(schema.METADATA_NAME))
            if name in entries:
                raise self.fail(f"has two metadata entries named {name}")
            entries[name] = entry.number(schema.METADATA_BUFFER, UINT32)
        return entries

    def tensors(self, graph: Table) -> dict[str, TensorEntry]:
        tensors: dict[str, TensorEntry] = {}
        for tensor in graph.tables(schema.GRAPH_TENSORS, MAX_TENSORS, "tensors"):
            name = self.name(tensor.text(schema.TENSOR_NAME))
            if name in tensors:
                raise self.fail(f"has two tensors named {name}")
            offset, size = self.buffer(tensor.number(schema.TENSOR_BUFFER, UINT32), f"tensor {name}")
            if tensor.numbers(schema.TENSOR_SHAPE, INT32, 1, "dimensions") != [size]:
                raise self.fail(f"gives tensor {name} another shape than its {size:,} bytes")
            tensors[name] = TensorEntry(name, tensor.number(schema.TENSOR_TYPE, INT8), size, offset)
        return tensors

    def check_rank(self, rank: int | None, tensors: dict[str, TensorEntry]) -> None:
        """The engine reserves memory by an adapter's rank, so it must be the one that its matrices have."""
        if rank is not None and (rank < 1 or any(tensor.size % (2 * rank) for tensor in tensors.values())):
            raise self.fail(f"says its lora_rank is {rank}, which its tensors do not have")

    def check_apart(self) -> None:
        """No two parts may share a byte: what is one thing to us would be another to the engine."""
        for (_, end, first), (start, _, second) in itertools.pairwise(sorted(self.places)):
            if start < end:
                raise self.fail(f"has {first} and {second} in the same place")

    def parameters(self, data: bytes) -> LlmParameters:
        """The parameters, with what every model has: positive dimensions, finite numbers, ids that exist."""
        parameters: LlmParameters = LlmParameters.deserialize(data)
        p = parameters.transformer_parameters
        counts = {
            "vocab_size": parameters.vocab_size,
            "embedding_dim": p.embedding_dim,
            "hidden_dimension": p.hidden_dimension,
            "head_dimension": p.head_dimension,
            "num_heads": p.num_heads,
            "num_kv_heads": p.num_kv_heads,
            "num_stacks": p.num_stacks,
        }
        moe = p.moe_config
        if moe.num_experts:
            counts |= {"num_experts": moe.num_experts, "hidden_dimension of an expert": moe.hidden_dimension}
            counts["num_active_experts"] = moe.num_active_experts
            if moe.num_active_experts > moe.num_experts:
                raise self.fail(f"says that {moe.num_active_experts} of its {moe.num_experts} experts are active")
        for name, value in counts.items():
            if not 1 <= value <= MAX_DIMENSION:
                raise self.fail(f"says its {name} is {value}: expected 1 to {MAX_DIMENSION:,}")
        numbers = {
            "global_rope_wavelength": p.global_rope_wavelength,
            "soft_cap_value": p.self_attention_parameters.soft_cap_value,
            "final soft_cap_value": p.final_project_parameters.soft_cap_value,
        }
        for name, value in numbers.items():
            if not math.isfinite(value):
                raise self.fail(f"says its {name} is {value}: expected a finite number")
        ids = [parameters.start_token_id, *parameters.stop_token_ids]
        if len(ids) > 1 + MAX_STOPS or not all(0 <= i < parameters.vocab_size for i in ids):
            raise self.fail(f"has start and stop ids that its {parameters.vocab_size:,} tokens do not have")
        if len(parameters.stop_tokens) > MAX_STOPS:
            raise self.fail(f"has {len(parameters.stop_tokens):,} stop tokens: expected at most {MAX_STOPS}")
        return parameters

    def notes(self, metadata: dict[str, int]) -> dict[str, Any]:
        if NOTES_ENTRY not in metadata:
            return {}
        notes = json.loads(_read(self.path, *self.place(metadata, NOTES_ENTRY, MAX_NOTES)))
        if not isinstance(notes, dict):
            raise self.fail(f"has notes that are not a JSON object in {NOTES_ENTRY}")
        return notes

    def sums(self, metadata: dict[str, int], tensors: int) -> int:
        offset, size = self.buffer(metadata[SUMS_ENTRY], f"metadata {SUMS_ENTRY}")
        if size != sums_size(range(tensors)):
            raise self.fail(f"has {size:,} bytes of sums for {tensors:,} tensors")
        return offset

    def place(self, metadata: dict[str, int], entry: str, most: int) -> tuple[int, int]:
        if entry not in metadata:
            raise self.fail(f"has no metadata entry {entry}")
        offset, size = self.buffer(metadata[entry], f"metadata {entry}")
        if size > most:
            raise self.fail(f"says its {entry} has {size:,} bytes: expected at most {most:,}")
        return offset, size

    def buffer(self, index: int, what: str) -> tuple[int, int]:
        if not 0 < index < len(self.buffers):
            raise self.fail(f"points {what} to buffer {index} of {len(self.buffers)}")
        offset, size = (self.buffers[index].number(slot, UINT64) for slot in (schema.BUFFER_OFFSET, schema.BUFFER_SIZE))
        if offset < 8 or size < 1:
            raise self.fail(f"has no data for {what}")
        if offset + size > self.size:
            raise self.fail(
                f"is cut short: {what} should end at byte {offset + size:,}, but the file has {self.size:,}"
            )
        self.places.append((offset, offset + size, what))
        return self.base + offset, size
