"""GGUF, llama.cpp's file: Gemma 3 in Q4_0 or Q8_0, written by llama.cpp's own package, a band of rows at a time.

A block of 32 is a float16 scale and the values: as bytes, or as 16 bytes of which the low halves are the first 16 values and the
high halves the others. Norms are stored with their one, and the tokenizer as "t5", which is llama.cpp's name for SentencePiece's
unigram model; its other one, "llama", joins pairs, and our words have no parts that are pieces. It knows no bytes as pieces, so
what is no word is unknown to it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import IO, Any

import gguf
import numpy as np
from numpy.typing import NDArray
from sentencepiece import sentencepiece_model_pb2

from builder.convert.web_file import Progress, WrittenModel
from builder.files.digest import sha256_of
from builder.files.writing import write_beside
from builder.model.description import LOCAL_ROPE, RMS_EPSILON
from builder.model.gguf_names import gguf_name
from builder.model.weights import Weight
from builder.quantize.scheme import ALL_INT8, Bits, Quantization
from builder.synth.blocks import Blocks, blocks_of, one_plus
from builder.synth.random_model import RandomModel
from builder.synth.web_file import BOS, EOS, PAD, SPECIAL, UNK, synthetic_tokenizer

TYPES: dict[Bits, gguf.GGMLQuantizationType] = {
    4: gguf.GGMLQuantizationType.Q4_0,
    8: gguf.GGMLQuantizationType.Q8_0,
}
FILE_TYPES: dict[Bits, gguf.LlamaFileType] = {4: gguf.LlamaFileType.MOSTLY_Q4_0, 8: gguf.LlamaFileType.MOSTLY_Q8_0}
"""What the feed-forward matrices have, most of the model."""


def synthesize(
    shape: str,
    output: Path,
    *,
    quantization: Quantization = ALL_INT8,
    seed: int = 0,
    progress: Progress | None = None,
) -> WrittenModel:
    """As builder.synth.web_file.synthesize."""
    started = time.monotonic()
    model = RandomModel.of(shape, quantization, seed)
    tensors = [_Tensor(weight, model) for weight in model.weights.tensors]
    size = sum(tensor.nbytes for tensor in tensors)
    report = progress or (lambda phase, done, total: None)
    with write_beside(output, size) as part:
        writer = gguf.GGUFWriter(part.path, "gemma3")
        _add_facts(writer, shape, model)
        _add_tokenizer(writer, model.model.embedding.vocabulary)
        for tensor in tensors:
            tensor.add_to(writer)
        try:
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            done = 0
            writer.write_ti_data_to_file()
            for tensor in tensors:
                writer.write_tensor_data(tensor)  # all that it asks of an array
                done += tensor.nbytes
                report("write", done, size)
        finally:
            writer.close()
        sha256 = sha256_of(part.path)
        size = part.path.stat().st_size
    return model.written(output, size, sha256, time.monotonic() - started)


def packed(blocks: Blocks, bits: Bits) -> NDArray[np.uint8]:
    """Rows of blocks as they are stored, (n, bytes of a row)."""
    values = blocks.values.view(np.uint8)
    if bits == 4:
        values = (blocks.values + np.int8(8)).view(np.uint8)
        values = values[..., :16] | (values[..., 16:] << np.uint8(4))
    scales = blocks.scales.astype(np.float16)[..., None].view(np.uint8)
    return np.concatenate([scales, values], axis=2).reshape(len(values), -1)


class _Tensor:
    """A tensor as GGUFWriter sees it: an array of bytes or float32 that is made while it is written."""

    def __init__(self, weight: Weight, model: RandomModel) -> None:
        self.weight, self.weights = weight, model.weights
        self.name = gguf_name(weight)
        if weight.is_matrix:
            self.bits = model.quantization.scheme_of(weight).bits
            self.type = TYPES[self.bits]
            block, size = gguf.GGML_QUANT_SIZES[self.type]
            self.shape: tuple[int, ...] = (weight.outputs, weight.inputs // block * size)
            self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        else:
            self.shape, self.dtype = weight.shape, np.dtype(np.float32)
            self.type = gguf.GGMLQuantizationType.F32

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape)) * self.dtype.itemsize

    def add_to(self, writer: gguf.GGUFWriter) -> None:
        writer.add_tensor_info(self.name, self.shape, self.dtype, self.nbytes, raw_dtype=self.type)

    def tofile(self, file: IO[bytes]) -> None:
        if not self.weight.is_matrix:
            file.write(one_plus(self.weight, self.weights).tobytes())
            return
        for blocks in blocks_of(self.weight, self.weights, self.bits):
            file.write(packed(blocks, self.bits).data)


def _add_facts(writer: gguf.GGUFWriter, shape: str, model: RandomModel) -> None:
    described = model.model
    layer, period = described.layers[0], described.period
    attention = layer.attention
    window = next((other.attention.window for other in described.layers if not other.attention.is_global), None)
    assert window and period  # as every Gemma 3 has them
    writer.add_name(f"{shape} with random weights")
    writer.add_file_type(FILE_TYPES[model.quantization.feedforward.bits])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(described.context)
    writer.add_embedding_length(described.embedding.width)
    writer.add_block_count(len(described.layers))
    writer.add_feed_forward_length(layer.feed_forward.width)
    writer.add_head_count(attention.heads)
    writer.add_head_count_kv(attention.key_value_heads)
    writer.add_key_length(attention.head_dimension)
    writer.add_value_length(attention.head_dimension)
    writer.add_layer_norm_rms_eps(RMS_EPSILON)
    writer.add_sliding_window(window)
    writer.add_sliding_window_pattern(period)
    writer.add_rope_freq_base(described.global_rope.wavelength)
    writer.add_rope_freq_base_swa(LOCAL_ROPE.wavelength)
    if described.global_rope.factor != 1:
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(described.global_rope.factor)


def _add_tokenizer(writer: gguf.GGUFWriter, vocabulary: int) -> None:
    tokenizer = sentencepiece_model_pb2.ModelProto.FromString(synthetic_tokenizer(vocabulary))
    writer.add_tokenizer_model("t5")
    writer.add_token_list([piece.piece for piece in tokenizer.pieces])
    writer.add_token_scores([piece.score for piece in tokenizer.pieces])
    writer.add_token_types([piece.type for piece in tokenizer.pieces])  # the same numbers
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_eot_token_id(SPECIAL.index("<end_of_turn>"))
    writer.add_unk_token_id(UNK)
    writer.add_pad_token_id(PAD)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_remove_extra_whitespaces(False)
