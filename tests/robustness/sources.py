"""What is converted: checkpoints, their tokenizers and adapters, damaged and converted."""

from __future__ import annotations

import contextlib
import io
import json
import struct
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from builder.checkpoint.folder import ADAPTER_WEIGHTS
from builder.checkpoint.torch_file import read_torch_file
from builder.convert.inspect_gguf import inspect_gguf
from builder.convert.web_file import convert_checkpoint
from builder.formats.sniff import is_gguf
from builder.formats.web_file_reader import WebFile
from builder.lora.adapter import CONFIG as ADAPTER_CONFIG
from builder.lora.adapter_file import convert_adapter
from builder.model.tokenizer import Tokenizer
from onpage.command.inspect import show_gguf
from tests.adapters import write_adapter
from tests.checkpoints import gemma3_config, gemma4_config, write_checkpoint
from tests.gguf_files import rope_divisors, write_gguf
from tests.robustness import formats
from tests.robustness.mutators import Known, damaged, damaged_json, damaged_protobuf
from tests.robustness.target import VOCABULARY, Target
from tests.torch_files import values_of, write_torch_file

TORCH_FILE = Path(__file__).parent.parent / "goldens/torch.bin"
TOKENIZER_JSON = Path(__file__).parent.parent / "goldens/tokenizer/tokenizer.json"


class CheckpointFolder(Target):
    """A Hugging Face folder: config.json, generation_config.json, the index and the headers of the shards; converted."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.config = gemma3_config(
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            head_dim=16,
            query_pre_attn_scalar=16,
            vocab_size=VOCABULARY,
            layer_types=["sliding_attention"] * 2,
        )
        self.checkpoint = write_checkpoint(folder / "checkpoint", self.config, dtype="BF16", shards=2)
        self.generation = {"eos_token_id": [1, 5], "temperature": 1.0, "top_k": 64, "do_sample": True}
        (self.checkpoint / "generation_config.json").write_text(json.dumps(self.generation))
        self.sound = {path.name: path.read_bytes() for path in self.checkpoint.iterdir()}
        self.touched: set[str] = set()
        self.output = folder / "web.task"

    def damage(self, chance: Random) -> None:
        for name in self.touched:
            (self.checkpoint / name).write_bytes(self.sound[name])
        shard = chance.choice([name for name in self.sound if name.endswith(".safetensors")])
        self.touched = {shard}
        what = chance.random()
        if what < 0.35:
            (self.checkpoint / shard).write_bytes(self._damaged_header(self.sound[shard], chance))
        elif what < 0.65:
            self._damage_json("config.json", chance)
        elif what < 0.75:
            self._damage_json("generation_config.json", chance)
        elif what < 0.85:
            self._damage_json("model.safetensors.index.json", chance)
        else:
            sound = self.sound[shard]
            (self.checkpoint / shard).write_bytes(damaged(sound, formats.safetensors(sound), chance))

    def _damage_json(self, name: str, chance: Random) -> None:
        self.touched = {name}
        (self.checkpoint / name).write_bytes(damaged_json(json.loads(self.sound[name]), chance))

    @staticmethod
    def _damaged_header(sound: bytes, chance: Random) -> bytes:
        """The JSON damaged, the length that leads it right, so that more than the length is read."""
        (length,) = struct.unpack_from("<Q", sound)
        header = damaged_json(json.loads(sound[8 : 8 + length]), chance)
        if chance.random() < 0.5:
            header += b" " * (-len(header) % 8)
        return struct.pack("<Q", len(header)) + header + sound[8 + length :]

    def read(self) -> None:
        try:
            convert_checkpoint(self.checkpoint, self.output)
            WebFile.open(self.output)
        finally:
            self.output.unlink(missing_ok=True)
            left = sorted(path.name for path in self.folder.iterdir())
            assert left == [self.checkpoint.name], left


class GgufFile(Target):
    """A GGUF file: inspected, shown and converted."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        config = gemma3_config(
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=1,
            head_dim=32,
            query_pre_attn_scalar=32,
            vocab_size=VOCABULARY,
        )
        self.path, self.output = folder / "m.gguf", folder / "web.task"
        experts = gemma4_config(
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=2,
            layer_types=["sliding_attention", "full_attention"],
            num_attention_heads=1,
            global_head_dim=32,
            vocab_size=VOCABULARY,
            enable_moe_block=True,
            num_experts=4,
            top_k_experts=2,
            moe_intermediate_size=32,
        )
        self.sound = [write_gguf(self.path, config, types=kind).read_bytes() for kind in ("Q4_0", "Q5_1", "F16")]
        self.sound.append(write_gguf(self.path, experts, types="Q4_0", also=rope_divisors(experts)).read_bytes())
        self.known = [formats.gguf(data) for data in self.sound]

    def damage(self, chance: Random) -> None:
        which = chance.randrange(len(self.sound))
        self.path.write_bytes(damaged(self.sound[which], self.known[which], chance))

    def read(self) -> None:
        try:
            if is_gguf(self.path):
                facts = inspect_gguf(self.path)
                with contextlib.redirect_stdout(io.StringIO()):
                    show_gguf(facts)
                json.dumps(facts.to_json())
            convert_checkpoint(self.path, self.output)
            WebFile.open(self.output)
        finally:
            self.output.unlink(missing_ok=True)
            left = [path.name for path in self.folder.iterdir()]
            assert left == [self.path.name], left


class TorchFile(Target):
    """pytorch_model.bin: a pickle in a zip, of which places of tensors are read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "pytorch_model.bin"
        tensors = {f"layer.{i}": np.full((4, 4 + i), i, np.float32) for i in range(5)}
        self.sound = [TORCH_FILE.read_bytes(), write_torch_file(self.path, values_of(tensors)).read_bytes()]

    def damage(self, chance: Random) -> None:
        sound = chance.choice(self.sound)
        self.path.write_bytes(damaged(sound, formats.zip_file(sound), chance))

    def read(self) -> None:
        for stored in read_torch_file(self.path):
            if stored.array_type is not None and stored.shape:
                stored.read_rows(0, np.empty((stored.size // max(stored.width, 1), stored.width), stored.array_type))


class TokenizerModel(Target):
    """tokenizer.model: a protobuf whose damage can harm the library that loads it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        checkpoint = write_checkpoint(folder / "checkpoint", gemma3_config(vocab_size=VOCABULARY, hidden_size=16))
        self.path = checkpoint / "tokenizer.model"
        self.sound = [self.path.read_bytes(), TOKENIZER_JSON.with_name("tokenizer.model").read_bytes()]

    def damage(self, chance: Random) -> None:
        sound = chance.choice(self.sound)
        broken = damaged(sound, Known(), chance) if chance.random() < 0.2 else damaged_protobuf(sound, chance)
        self.path.write_bytes(broken)

    def read(self) -> None:
        tokenizer = Tokenizer.of_checkpoint(self.path.parent, VOCABULARY)
        assert -1 <= tokenizer.start_id < len(tokenizer.pieces)


class TokenizerJson(Target):
    """tokenizer.json and tokenizer_config.json, of which a SentencePiece model is made."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.sound = json.loads(TOKENIZER_JSON.read_bytes())
        vocabulary = self.sound["model"]["vocab"]
        self.rows = 1 + max([*vocabulary.values(), *(token["id"] for token in self.sound["added_tokens"])])
        self.config = {"bos_token": "<bos>", "eos_token": {"content": "<eos>"}, "pad_token": "<pad>"}

    def damage(self, chance: Random) -> None:
        tokenizer, config = json.dumps(self.sound).encode(), json.dumps(self.config).encode()
        if chance.random() < 0.8:
            tokenizer = damaged_json(self.sound, chance)
        else:
            config = damaged_json(self.config, chance)
        (self.folder / "tokenizer.json").write_bytes(tokenizer)
        (self.folder / "tokenizer_config.json").write_bytes(config)

    def read(self) -> None:
        Tokenizer.of_checkpoint(self.folder, self.rows)


class AdapterFolder(Target):
    """A LoRA adapter as peft saves it, converted for a sound base or merged into it; half of them DoRA with a norm that was trained whole."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        config = gemma3_config(hidden_size=16, intermediate_size=16, num_hidden_layers=1, vocab_size=VOCABULARY)
        self.base = write_checkpoint(folder / "base", config)
        self.adapter, self.output = folder / "adapter", folder / "adapter.bin"
        self.sound = []
        for is_more in (False, True):
            write_adapter(self.adapter, config, rank=4, use_dora=is_more, modules_to_save=["norm"] if is_more else None)
            if is_more:
                held = load_file(self.adapter / ADAPTER_WEIGHTS) | {"model.norm.weight": np.ones(16, np.float32)}
                save_file(held, self.adapter / ADAPTER_WEIGHTS)
            self.sound.append({name: (self.adapter / name).read_bytes() for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS)})

    def damage(self, chance: Random) -> None:
        sound = chance.choice(self.sound)
        files: dict[str, Any] = dict(sound)
        what = chance.random()
        if what < 0.4:
            files[ADAPTER_CONFIG] = damaged_json(json.loads(sound[ADAPTER_CONFIG]), chance)
        elif what < 0.9:
            files[ADAPTER_WEIGHTS] = CheckpointFolder._damaged_header(sound[ADAPTER_WEIGHTS], chance)
        else:
            data = sound[ADAPTER_WEIGHTS]
            at = chance.randrange(8 + struct.unpack_from("<Q", data)[0], len(data) - 64)
            files[ADAPTER_WEIGHTS] = data[:at] + chance.randbytes(64) + data[at + 64 :]
        self.is_merged = chance.random() < 0.5
        for name, data in files.items():
            (self.adapter / name).write_bytes(data)

    def read(self) -> None:
        try:
            if self.is_merged:
                convert_checkpoint(self.base, self.output, residual_scale="bound", merge=self.adapter)
            else:
                convert_adapter(self.base, self.adapter, self.output)
        finally:
            self.output.unlink(missing_ok=True)
