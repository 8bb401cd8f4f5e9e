"""Reading a LiteRT graph (`.tflite` with prefill and decode signatures) that nobody vouches for, in a file or inside a bundle.

Only what the signatures, buffers and tensor lists say is read, through builder.formats.flatbuffer: not one weight. Raises
ModelFileError.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import ModelFileError
from builder.files.untrusted import INT8, INT32, UINT8, UINT32, UINT64, DamagedError, UntrustedBytes, opened
from builder.formats import tflite_schema as schema
from builder.formats.flatbuffer import Table, root_table

MAX_SUBGRAPHS = 4096
MAX_SIGNATURES = 32
MAX_INPUTS_OR_OUTPUTS = 512
MAX_TENSORS = 1 << 18
MAX_OPERATORS = 1 << 20
MAX_RANK = 8

PREFILL = re.compile(r"prefill(_.+)?")
TOKENS, POSITIONS, MASKS = ("tokens", "token_ids"), ("input_pos", "positions"), ("mask", "attn_mask")
CACHE = re.compile(r"(?:kv_cache_|)(?P<kind>[kv])_?(?:cache_)?(?P<layer>\d+)")
"""kv_cache_k_0 as litert-torch names it, k_cache_0 as others do."""


@dataclass(frozen=True)
class End:
    """An input or output of a signature."""

    type: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Signature:
    """A function of the graph."""

    inputs: dict[str, End]
    outputs: dict[str, End]

    def caches(self) -> dict[tuple[str, int], End]:
        """The inputs that are the key-value cache, by ("k" or "v", layer)."""
        return caches_of(self.inputs)

    def first(self, names: tuple[str, ...]) -> End | None:
        """The input that has one of these names."""
        return next((self.inputs[name] for name in names if name in self.inputs), None)


def caches_of(ends: dict[str, End]) -> dict[tuple[str, int], End]:
    """Those of the ends that are the key-value cache, by ("k" or "v", layer)."""
    found = ((CACHE.fullmatch(name), end) for name, end in ends.items())
    return {(match["kind"], int(match["layer"])): end for match, end in found if match}


@dataclass(frozen=True)
class Graph:
    """An opened graph: its functions, and where its bytes are."""

    path: Path
    offset: int
    size: int
    operators: int
    signatures: dict[str, Signature]
    weights: dict[str, int]
    """Bytes of constant data by type, without the scales of blocks, which are tensors too."""

    @classmethod
    def open(cls, path: Path, offset: int = 0, size: int | None = None) -> Graph:
        """Reads and checks the graph in `path`, or the one in `size` bytes of it at `offset`."""
        with opened(path, offset, size) as content:
            if content.read(4, 4) != b"TFL3":
                raise DamagedError("is not a LiteRT graph: expected TFL3 at byte 4")
            return _parse(path, offset, content)

    @property
    def decode(self) -> Signature:
        """The function that makes one token."""
        return self.signatures["decode"]

    @property
    def prefill(self) -> dict[str, Signature]:
        """The functions that read a prompt, by name."""
        return {name: s for name, s in self.signatures.items() if PREFILL.fullmatch(name)}

    @property
    def prefill_lengths(self) -> list[int]:
        """Tokens that each prefill function reads at once."""
        ends = (signature.first(TOKENS) for signature in self.prefill.values())
        return sorted(end.shape[-1] for end in ends if end and end.shape)

    @property
    def layers(self) -> int:
        """Layers that have a key-value cache."""
        return len({layer for _, layer in self.decode.caches()})

    @property
    def transposed_cache(self) -> bool:
        """Whether keys are (batch, heads, tokens, dimension) and values (batch, heads, dimension, tokens)."""
        k, v = (self.decode.caches()[kind, 0].shape for kind in "kv")
        return v == (*k[:2], k[3], k[2])

    @property
    def context_length(self) -> int:
        """Tokens that the cache holds."""
        shape = self.decode.caches()["k", 0].shape
        return shape[2] if self.transposed_cache else shape[1]

    @property
    def has_mask(self) -> bool:
        """Whether the attention mask is an input."""
        return self.decode.first(MASKS) is not None

    @property
    def vocabulary(self) -> int:
        """Logits that decode returns."""
        return self.decode.outputs["logits"].shape[-1]

    @property
    def quantization(self) -> str:
        """As people say it: the type that holds most weights."""
        return max(self.weights, key=lambda name: self.weights[name], default="unknown")

    def require_language_model(self) -> None:
        """ModelFileError unless the engines could run it: decode, prefill, tokens, positions, a cache that fits, logits."""
        problem = self.problem()
        if problem:
            raise ModelFileError(
                f"{self.path} {problem}: expected a graph with a decode and at least one prefill signature, as "
                f"onpage convert --target graph or litert-torch writes it.",
                subject=self.path,
            )

    def problem(self) -> str | None:
        """Why the engines could not run it by the properties above, None where they can."""
        if "decode" not in self.signatures or not self.prefill:
            return f"has the signatures {', '.join(self.signatures) or 'none'}"
        caches = self.decode.caches()
        layers = range(max(1, len(caches) // 2))
        logits = self.decode.outputs.get("logits")
        if caches.keys() != {(kind, layer) for kind in "kv" for layer in layers}:
            return "has no key-value cache kv_cache_k_0, kv_cache_v_0, … for each layer"
        if any(len(end.shape) != 4 for end in caches.values()) or not logits or not logits.shape:
            return "has a key-value cache that is not of four dimensions, or no logits in decode"
        problems = (self._problem_of(name) for name in ("decode", *self.prefill))
        return next((problem for problem in problems if problem), None)

    def mediapipe_problem(self) -> str | None:
        """Why MediaPipe would not run it, or write nonsense with it; LiteRT-LM is content with less."""
        problem = self.problem()
        if problem is None and not self.has_mask:
            problem = "has no mask input, without which MediaPipe writes nonsense"
        if problem is None and not self.transposed_cache:
            problem = "has its key-value cache in the default layout, with which MediaPipe writes nonsense"
        return problem

    def _problem_of(self, name: str) -> str | None:
        signature = self.signatures[name]
        if not signature.first(TOKENS) or not signature.first(POSITIONS):
            return f"takes no tokens and input_pos in {name}"
        if signature.caches() != self.decode.caches():
            return f"has a key-value cache in {name} that is not decode's"
        if caches_of(signature.outputs) != signature.caches():
            return f"does not return the key-value cache of {name} as it takes it"
        return None


def is_graph(path: Path) -> bool:
    """Whether a TFL3 file has operators: a graph to be run, rather than the weights of a web file."""
    with opened(path) as content:
        graphs = root_table(content).tables(schema.MODEL_SUBGRAPHS, MAX_SUBGRAPHS, "subgraphs")
        return any(graph.vector(schema.GRAPH_OPERATORS, 4, MAX_OPERATORS, "operators")[1] for graph in graphs)


def _parse(path: Path, offset: int, content: UntrustedBytes) -> Graph:
    model = root_table(content)
    if model.number(schema.MODEL_VERSION, UINT32) != 3:
        raise DamagedError(f"has TFLite version {model.number(schema.MODEL_VERSION, UINT32)}: expected 3")
    buffers = [place_of(buffer, content) for buffer in model.tables(schema.MODEL_BUFFERS, MAX_TENSORS, "buffers")]
    sizes = _distinct_sizes(buffers)
    operators, tensors, left = 0, [], MAX_TENSORS
    weights: Counter[str] = Counter()
    for graph in model.tables(schema.MODEL_SUBGRAPHS, MAX_SUBGRAPHS, "subgraphs"):
        operators += graph.vector(schema.GRAPH_OPERATORS, 4, MAX_OPERATORS, "operators")[1]
        tensors.append(list(graph.tables(schema.GRAPH_TENSORS, left, "tensors")))
        left -= len(tensors[-1])
        scales = {blocks[0] for tensor in tensors[-1] if (blocks := blocks_of(tensor))}
        for index, tensor in enumerate(tensors[-1]):
            buffer = buffer_of(tensor, len(sizes))
            if index not in scales:
                weights[_type(tensor)] += sizes[buffer]
            sizes[buffer] = 0  # shared ones count once
    signatures: dict[str, Signature] = {}
    for definition in model.tables(schema.MODEL_SIGNATURES, MAX_SIGNATURES, "signatures"):
        name, subgraph = definition.text(schema.SIGNATURE_KEY), definition.number(schema.SIGNATURE_SUBGRAPH, UINT32)
        if name in signatures or subgraph >= len(tensors):
            raise DamagedError(f"has a signature {name!r} twice, or of a subgraph that it does not have")
        signatures[name] = Signature(
            *(
                _ends(definition, slot, tensors[subgraph])
                for slot in (schema.SIGNATURE_INPUTS, schema.SIGNATURE_OUTPUTS)
            )
        )
    return Graph(path, offset, content.size, operators, signatures, dict(+weights))


def place_of(buffer: Table, content: UntrustedBytes) -> tuple[int, int]:
    """Where a buffer's bytes are, in the FlatBuffer or after it, and how many; DamagedError where they do not lie in the file."""
    place, size = (buffer.number(slot, UINT64) for slot in (schema.BUFFER_OFFSET, schema.BUFFER_SIZE))
    if place <= 1:  # 1 stands for "to be filled in" and never is
        return buffer.vector(schema.BUFFER_DATA, 1, content.size, "bytes of data")
    if place + size > content.size:
        raise DamagedError(f"is cut short: a buffer should end at byte {place + size:,} of {content.size:,}")
    return place, size


def _distinct_sizes(buffers: list[tuple[int, int]]) -> list[int]:
    """Bytes of each buffer, without those that one before it in the file has: onpage's graphs name rows of a matrix a second time."""
    sizes, end = [0] * len(buffers), 0
    for index in sorted(range(len(buffers)), key=lambda i: (buffers[i][0], -buffers[i][1])):
        place, size = buffers[index]
        sizes[index] = max(0, place + size - max(place, end))
        end = max(end, place + size)
    return sizes


def buffer_of(tensor: Table, count: int) -> int:
    """The number of a tensor's buffer; DamagedError where it is none of `count`."""
    buffer = tensor.number(schema.TENSOR_BUFFER, UINT32)
    if buffer >= count:
        raise DamagedError(f"points a tensor to buffer {buffer} of {count}")
    return buffer


def blocks_of(tensor: Table) -> tuple[int, int] | None:
    """Of a matrix in blocks: the number of the tensor that holds their scales, and the size of a block; -1 and 0 where it does not say.
    None for others."""
    quantization = tensor.table(schema.TENSOR_QUANTIZATION)
    if quantization is None or quantization.number(schema.QUANTIZATION_DETAILS_TYPE, UINT8) != schema.BLOCKWISE:
        return None
    details = quantization.table(schema.QUANTIZATION_DETAILS)
    if details is None:
        return -1, 0
    return details.number(schema.BLOCKWISE_SCALES, INT32), details.number(schema.BLOCKWISE_SIZE, INT32)


def _type(tensor: Table) -> str:
    return schema.TensorType.name_of(tensor.number(schema.TENSOR_TYPE, INT8))


def _ends(definition: Table, slot: int, tensors: list[Any]) -> dict[str, End]:
    ends: dict[str, End] = {}
    for end in definition.tables(slot, MAX_INPUTS_OR_OUTPUTS, "inputs or outputs"):
        name, index = end.text(schema.END_NAME), end.number(schema.END_TENSOR, UINT32)
        if name in ends or index >= len(tensors):
            raise DamagedError(f"has an input or output {name!r} twice, or of a tensor that it does not have")
        shape = tensors[index].numbers(schema.TENSOR_SHAPE, INT32, MAX_RANK, "dimensions")
        ends[name] = End(_type(tensors[index]), tuple(shape))
    return ends
