"""A checkpoint, opened once: what it holds, the model that it is, its tokenizer and settings, and its weights.

Everything but config.json (or a GGUF file's header) is read when it is first asked for: an estimate needs no weights. What converts a checkpoint takes one
that is `complete`, where all of it was found sound, and an adapter is merged into the weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from builder.checkpoint.checkpoint import Checkpoint
from builder.checkpoint.evaluate import find
from builder.checkpoint.rows import StoredRows, StoredTensor
from builder.checkpoint.sources import tensor_names
from builder.errors import UnsupportedModel
from builder.lora.adapter import Adapter, refuse_an_adapter, refuse_unmerged
from builder.lora.merge import MergedWeights, difference_of
from builder.model.choose_turns import ChosenTurns, choose_turns
from builder.model.description import ModelDescription
from builder.model.families import family_of, fit_to_tokenizer, turns_of
from builder.model.families.config import says_untied
from builder.model.families.dense import never_read
from builder.model.families.family import Family, Naming
from builder.model.generation_config import SAMPLING, GenerationConfig
from builder.model.open_checkpoint import open_checkpoint
from builder.model.sidecars import FolderSidecars, Sidecars
from builder.model.tokenizer import Tokenizer
from builder.model.turns import NOTHING_ASKED, AskedTurns, Turns
from builder.model.weights import TABLES, Weight, Weights
from builder.quantize.rounding import BLOCK


@dataclass(frozen=True)
class OpenedCheckpoint:
    """A checkpoint of a family that onpage converts. Raises the errors of builder.errors, also where a property is first asked."""

    checkpoint: Checkpoint
    sidecars: Sidecars
    family: Family
    described: ModelDescription
    """What config.json says; `model` is what is converted."""
    merge: Path | None = None
    """The folder of a LoRA adapter that goes into the weights."""
    asked: AskedTurns = NOTHING_ASKED
    """What is set in place of its own turns and ends."""
    pictures: bool = False
    """Whether what makes tokens of a picture is converted, too."""

    @classmethod
    def open(
        cls, path: Path, merge: Path | None = None, asked: AskedTurns = NOTHING_ASKED, *, pictures: bool = False
    ) -> OpenedCheckpoint:
        """Reads config.json, or the header of a GGUF file, and nothing else."""
        if not (path / "config.json").exists():  # which the sentence about a missing file would ask for
            refuse_an_adapter(path)
        checkpoint, sidecars = open_checkpoint(path)
        family = family_of(checkpoint.config, checkpoint.config_path)
        described = family.describe(checkpoint.config, checkpoint.config_path)
        return cls(checkpoint, sidecars, family, described, merge, asked, pictures)

    @classmethod
    def complete(
        cls, path: Path, merge: Path | None = None, asked: AskedTurns = NOTHING_ASKED, *, pictures: bool = False
    ) -> OpenedCheckpoint:
        """Opens a checkpoint to be converted, with the LoRA adapter in the folder `merge`, and finds all of it sound."""
        if merge is None:
            refuse_an_adapter(path)
        opened = cls.open(path, merge, asked, pictures=pictures)
        refuse_unmerged(opened.checkpoint)
        _ = opened.weights, opened.generation
        return opened

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.checkpoint.path

    @cached_property
    def model(self) -> ModelDescription:
        """The model as far as its tokenizer reaches."""
        return fit_to_tokenizer(self.described, self._stored_tokenizer.pieces)

    @property
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer, which reads the turns."""
        return self._chosen.tokenizer

    @property
    def turns(self) -> Turns:
        """The turns that it was taught, or those asked for."""
        return self._chosen.turns

    @cached_property
    def generation(self) -> GenerationConfig:
        """How an answer is sampled and where it ends. A merged adapter that says how to sample is asked before its base."""
        said = self.sidecars.generation()
        adapters = {} if self.merge is None else FolderSidecars(self.merge).generation()
        if adapters.keys() & SAMPLING:
            said = {key: value for key, value in said.items() if key not in SAMPLING}
            said |= {key: value for key, value in adapters.items() if key in SAMPLING}
        return GenerationConfig.read(self.checkpoint, said, self.tokenizer, self.turns, self.asked.stops)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided about its tokenizer and turns, in words."""
        return (*self._stored_tokenizer.notes, *self._chosen.notes)

    @cached_property
    def _stored_tokenizer(self) -> Tokenizer:
        return self.sidecars.tokenizer(self.described.embedding.vocabulary)

    @cached_property
    def _chosen(self) -> ChosenTurns:
        return choose_turns(self.sidecars, self._stored_tokenizer, turns_of(self.model), self.asked)

    @cached_property
    def weights(self) -> Weights:
        """The weights of `model`, an adapter merged into them. No tensor that the model has no place for is left out in silence."""
        whole = self.family.weights(self.described, self._naming)
        stored = StoredWeights(self.checkpoint, whole)
        self._refuse_what_would_be_left_out(whole)
        rows = self.model.embedding.vocabulary
        if rows != self.described.embedding.vocabulary:
            fitted = (weight.with_rows(rows) if weight.part in TABLES else weight for weight in whole)
            stored = StoredWeights(self.checkpoint, tuple(fitted))
        if self.merge is None:
            return stored
        return MergedWeights(stored, Adapter.open(self.merge), self.path, self.described.embedding.vocabulary)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What of the checkpoint is not converted, on purpose, in words."""
        notes = []
        images = sum(1 for name in self.checkpoint.tensors if name.startswith(self.family.left_out))
        if images and not self.pictures:
            notes.append(f"the text part only; {images} vision tensors left out")
        heard = sum(1 for name in self.checkpoint.tensors if name.startswith(self.family.heard))
        if heard and self.pictures:
            notes.append(f"{heard} tensors of what hears left out")
        unread = sum(1 for name in self.checkpoint.tensors if name.startswith(self._never_read))
        if unread:
            notes.append(f"{unread} tensors of keys and values that no layer reads left out")
        rows = self.described.embedding.vocabulary - self.model.embedding.vocabulary
        if rows > 0:
            notes.append(f"{rows} rows of the embedding that the tokenizer has no piece for left out")
        return tuple(notes)

    @cached_property
    def _naming(self) -> Naming:
        return self.family.naming_in(self.checkpoint.tensors)

    @cached_property
    def _never_read(self) -> tuple[str, ...]:
        return never_read(self.described, self._naming)

    def _refuse_what_would_be_left_out(self, weights: tuple[Weight, ...]) -> None:
        """Weights that the model has no place for would be dropped in silence: biases, adapters, layers beyond the config."""
        tensors = self.checkpoint.tensors
        used = {name for weight in weights for name in tensor_names(weight.source)}
        known = (*self.family.left_out, *self._never_read)
        extra = sorted(name for name in tensors.keys() - used if not name.startswith(known))
        head = self._naming.head
        if head in extra:
            self._refuse_another_matrix(tensors[head])
            extra.remove(head)
        elif self.described.embedding.tied and says_untied(self.checkpoint.config):
            raise UnsupportedModel(
                f"{self.checkpoint.config_path}: tie_word_embeddings is False, but {self.path} holds no {head}: is the download "
                f"complete?",
                subject=head,
            )
        if extra:
            raise UnsupportedModel(
                f"{tensors[extra[0]].file} holds {len(extra)} tensors that the {self.described.family} model of this config.json "
                f"does not have, such as {extra[0]}: check config.json, and merge adapters first.",
                subject=extra[0],
            )

    def _refuse_another_matrix(self, head: StoredTensor) -> None:
        """UnsupportedModel unless the output's matrix is the embedding, which some programs save twice."""
        embedding = self.checkpoint.tensors[self._naming.embedding]
        if head.shape != embedding.shape:
            difference = f"has shape {list(head.shape)}, the embedding {list(embedding.shape)}"
        else:
            found = difference_of(self.checkpoint.bands(head), self.checkpoint.bands(embedding))
            if found is None:
                return
            difference = f"differs from the embedding {found}"
        raise UnsupportedModel(
            f"{head.file} holds {head.name}, an output matrix of its own: it {difference}, and the engine has one matrix for both. "
            f"Train with the two tied (tie_word_embeddings), or leave both out of the training.",
            subject=head.name,
        )


class StoredWeights:
    """The weights of a checkpoint as it holds them. All are looked up at once, so that a missing one costs no time."""

    def __init__(self, checkpoint: Checkpoint, tensors: tuple[Weight, ...]) -> None:
        self.tensors = tensors
        self._checkpoint = checkpoint
        self._found = {weight: find(checkpoint, weight.source, weight.shape) for weight in tensors}

    def bands(self, weight: Weight) -> Iterator[tuple[int, StoredRows]]:
        """As `Weights`."""
        return self._checkpoint.bands_of(self._found[weight], weight.shape, BLOCK)
