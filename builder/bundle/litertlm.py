"""Writing a `.litertlm`: a header as litert-lm-builder defines it, and aligned sections streamed behind it.

The library's own `build` is not called: it stamps each file with a random UUID and the clock and offers no way not to, takes
every part as a path, and its header cannot be unpacked again to mend that (0.18.1 lacks a name). What it knows of the format
is used: schema, versions, alignment, names. Here the UUID is made of the sections, so the same parts give the same bytes.
The library is imported where it is used: it takes 50 ms, and whoever converts or estimates a web file imports this module, too.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import flatbuffers

from builder.bundle.container import Part, Progress, WrittenBundle, verify_parts
from builder.bundle.source import Source
from builder.errors import OutputError
from builder.files.writing import PartFile, write_beside
from builder.formats.litertlm_reader import sections_in
from builder.formats.llm_metadata import (
    FAMILIES,
    Affixes,
    LlmMetadata,
    ModelType,
    SamplerParameters,
    SamplerType,
    Settings,
    Templates,
    TokenIds,
    TokenUnion,
)
from builder.model.tokenizer import Tokenizer
from builder.model.turns import NOTHING

if TYPE_CHECKING:
    from litert_lm_builder import litertlm_header_schema_py_generated as schema

CREATED = "1980-01-01T00:00:00+00:00"
"""A date that does not pass; the format wants one."""


@dataclass(frozen=True)
class Section:
    """A part of the file, and what the header says of it."""

    part: Part
    kind: int
    """Of schema.AnySectionDataType."""
    items: tuple[tuple[str, str], ...] = ()


def write_litertlm(output: Path, source: Source, progress: Progress | None = None) -> WrittenBundle:
    """Writes `source` as a `.litertlm`: a web file for Backend.GPU_ARTISAN, a graph for Backend.CPU and native engines.

    Raises the errors of builder.errors; `output` is then as it was.
    """
    from litert_lm_builder.litertlm_builder import Backend, TfLiteModelType
    from litert_lm_builder.litertlm_header_schema_py_generated import AnySectionDataType as kinds  # noqa: N813

    model: tuple[tuple[str, str], ...] = (("model_type", TfLiteModelType.PREFILL_DECODE.value),)
    if source.graph is None:
        model = (
            ("model_type", TfLiteModelType.ARTISAN_TEXT_DECODER.value),
            ("backend_constraint", Backend.GPU_ARTISAN.value),
        )
    tokenizer = kinds.SP_Tokenizer if source.tokenizer.is_sentencepiece else kinds.HF_Tokenizer_Zlib
    return write_sections(
        output,
        [
            Section(Part("metadata", LlmMetadata.serialize(llm_metadata(source))), kinds.LlmMetadataProto),
            Section(Part("tokenizer", tokenizer_section(source.tokenizer)), tokenizer),
            Section(Part("model", source.model), kinds.TFLiteModel, model),
        ],
        progress,
    )


def write_sections(
    output: Path,
    sections: Sequence[Section],
    progress: Progress | None = None,
    system: Sequence[tuple[str, str]] = (),
) -> WrittenBundle:
    """Writes a `.litertlm` of any sections, in their order; `system` is what its header says besides.

    Raises the errors of builder.errors; `output` is then as it was.
    """
    from litert_lm_builder.litertlm_core import BLOCK_SIZE

    block, parts = BLOCK_SIZE, [section.part for section in sections]
    places, end = [], block  # the header takes the first
    for part in parts:
        places.append((-(-end // block) * block, part))
        end = places[-1][0] + part.size
    with write_beside(output, end) as file:
        uuid = _write_sections(file, places, end, progress)
        header = _header(sections, [offset for offset, _ in places], uuid, system)
        assert len(header) <= block
        file.write_at(0, header)
        found = sections_in(file.path)
        if [(section.offset, section.size) for section in found] != [(at, part.size) for at, part in places]:
            raise OutputError(f"{output} does not have the sections that were written: a part changed meanwhile.")
        sha256 = verify_parts(file.path, places, end, progress)
    return WrittenBundle(output, end, sha256, ".litertlm", {part.name: part.size for part in parts})


def tokenizer_section(tokenizer: Tokenizer) -> bytes:
    """The content of the tokenizer's section: a SentencePiece model as it is; a tokenizer.json compressed, its size in front."""
    model = tokenizer.model
    return model if tokenizer.is_sentencepiece else len(model).to_bytes(8, "little") + zlib.compress(model, 9)


def largest_litertlm(model: int, *before: int) -> int:
    """Bytes that a `.litertlm` has at most, its last part the model: header and metadata take a block each, and every part begins at one."""
    from litert_lm_builder.litertlm_core import BLOCK_SIZE

    block: int = BLOCK_SIZE
    return 2 * block + sum(-(-size // block) * block for size in before) + model


def llm_metadata(source: Source) -> LlmMetadata:
    """What the file says: ids rather than texts, so that no tokenizer has to find them again."""
    conversation = source.conversation
    family = FAMILIES.get(source.family, "generic_model")
    metadata = LlmMetadata(
        start_token=None if conversation.start_id is None else _token(conversation.start_id),
        stop_tokens=[_token(i) for i in conversation.stop_ids],
        max_num_tokens=source.context_length,
        llm_model_type=ModelType(**{family: Settings()}),
        supports_thinking=False,
        supports_function_calling=family == "function_gemma",
    )
    sampling = source.sampling
    if sampling.temperature and sampling.top_k:
        metadata.sampler_params = SamplerParameters(
            type_=SamplerType.TOP_P, k=sampling.top_k, p=1.0, temperature=sampling.temperature
        )
    sides = {"user": conversation.user, "model": conversation.model, "system": conversation.system}
    templates = {side: Affixes(prefix=t.prefix, suffix=t.suffix) for side, t in sides.items() if t != NOTHING}
    if templates:
        metadata.prompt_templates = Templates(**templates)
    if conversation.jinja:
        metadata.jinja_prompt_template = conversation.jinja
    return metadata


def _token(i: int) -> TokenUnion:
    return TokenUnion(token_ids=TokenIds(ids=[i]))


def _write_sections(file: PartFile, places: list[tuple[int, Part]], size: int, progress: Progress | None) -> UUID:
    digest = hashlib.sha256()
    for offset, part in places:
        end, position = offset + part.size, offset
        for chunk in part.chunks():
            if position + len(chunk) > end:
                raise OutputError(f"{part.name} grew while it was being read.", subject=file.path)
            file.write_at(position, chunk)
            digest.update(chunk)
            position += len(chunk)
            if progress:
                progress("write", position, size)
    return UUID(bytes=digest.digest()[:16], version=5)


def _header(
    sections: Sequence[Section], offsets: Sequence[int], uuid: UUID, system: Sequence[tuple[str, str]]
) -> bytes:
    from litert_lm_builder import litertlm_core
    from litert_lm_builder import litertlm_header_schema_py_generated as schema

    entries = (("uuid", str(uuid)), ("creation_timestamp", CREATED), *system)
    header = schema.LiteRTLMMetaDataT(
        systemMetadata=schema.SystemMetadataT(entries=[_item(*entry) for entry in entries]),
        sectionMetadata=schema.SectionMetadataT(
            objects=[
                schema.SectionObjectT(
                    items=[_item(*item) for item in section.items],
                    dataType=section.kind,
                    beginOffset=offset,
                    endOffset=offset + section.part.size,
                )
                for section, offset in zip(sections, offsets, strict=True)
            ]
        ),
    )
    b = flatbuffers.Builder(litertlm_core.BLOCK_SIZE)
    b.Finish(header.Pack(b))
    packed = bytes(b.Output())
    begin = litertlm_core.HEADER_BEGIN_BYTE_OFFSET
    versions = (
        litertlm_core.LITERTLM_MAJOR_VERSION,
        litertlm_core.LITERTLM_MINOR_VERSION,
        litertlm_core.LITERTLM_PATCH_VERSION,
    )
    start = litertlm_core.HEADER_MAGIC_BYTES + b"".join(version.to_bytes(4, "little") for version in versions)
    start = start.ljust(litertlm_core.HEADER_END_LOCATION_BYTE_OFFSET, b"\0")
    return bytes(start + (begin + len(packed)).to_bytes(8, "little") + packed)


def _item(key: str, value: str) -> schema.KeyValuePairT:
    from litert_lm_builder.litertlm_builder import DType, Metadata

    return Metadata(key, value, DType.STRING).to_key_value_pair()
