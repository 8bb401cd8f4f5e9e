"""The model that is tuned: the base as transformers loads it, frozen, with a LoRA adapter by peft."""

# mypy: ignore-errors
# PyTorch is an optional extra that is not installed where types are checked.

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from torch import Tensor
from torch.nn import functional
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig, PreTrainedModel
from transformers.utils import logging

from builder.checkpoint.checkpoint import Checkpoint
from builder.errors import CheckpointError
from builder.model.opened import OpenedCheckpoint
from builder.tune.examples import Example
from builder.tune.plan import MODULES, Device, Precision, Settings

NOT_OF_THE_TEXT = r".*(vision|audio|multi_modal).*"
"""Modules that an adapter leaves alone, though they are called as those of the text."""
HEAD_POSITIONS = 64
"""So many rows of scores over the vocabulary (262,144 of them) exist at a time: 67 MB for each step of the softmax."""


def choose_device(wanted: Device) -> torch.device:
    """The fastest there is, or the one asked for; CheckpointError where it is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, found in there.items() if found))
    if not there[wanted]:
        raise CheckpointError(f"PyTorch {torch.__version__} finds no {wanted} here: use --device cpu.", subject=wanted)
    return torch.device(wanted)


def choose_precision(wanted: Precision, device: torch.device) -> torch.dtype:
    """bfloat16 where the device computes in it, else float32. The adapter itself is float32 everywhere."""
    if wanted != "auto":
        return getattr(torch, wanted)
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    if device.type == "cpu":
        return torch.bfloat16 if torch.ops.mkldnn._is_mkldnn_bf16_supported() else torch.float32
    return torch.float32


def load_base(base: Checkpoint, precision: torch.dtype) -> PreTrainedModel:
    """The checkpoint, whatever holds it, as a model of transformers with weights in `precision`."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    weights = {}
    for name, tensor in base.tensors.items():
        whole = torch.empty(tensor.shape, dtype=precision)
        rows = whole.view(-1, tensor.shape[-1]) if len(tensor.shape) > 1 else whole
        for first, band in base.bands(tensor):
            values = torch.from_numpy(band)
            if rows.dim() > 1:
                rows[first : first + len(values)] = values
            else:
                rows.copy_(values.flatten())
        weights[name] = whole
    config = AutoConfig.for_model(**base.config)
    return MODEL_FOR_CAUSAL_LM_MAPPING[type(config)].from_pretrained(
        None, config=config, state_dict=weights, dtype=precision
    )


class Tuned:
    """A frozen base with its adapter. `body` gives hidden states, so that the head is computed only where it is learned."""

    def __init__(
        self, opened: OpenedCheckpoint, settings: Settings, device: torch.device, precision: torch.dtype
    ) -> None:
        torch.manual_seed(settings.seed)
        base = opened.checkpoint
        loaded = load_base(base, precision)
        loaded.name_or_path = base.name  # the name alone: a path says where somebody keeps things
        images = any(re.fullmatch(NOT_OF_THE_TEXT, name) for name, _ in loaded.named_modules())
        config = LoraConfig(
            r=settings.rank,
            lora_alpha=settings.alpha,
            lora_dropout=settings.dropout,
            target_modules=list(MODULES[settings.modules]),
            exclude_modules=NOT_OF_THE_TEXT if images else None,
            task_type="CAUSAL_LM",
            base_model_name_or_path=base.name,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft's own use of transformers
            self.peft = get_peft_model(loaded, config).to(device)
        causal = self.peft.get_base_model()
        self.body, self.head = causal.get_decoder(), causal.get_output_embeddings()
        self.cap = opened.model.final_cap
        self.device = device

    @property
    def trained(self) -> list[Tensor]:
        """The adapter's weights."""
        return [parameter for parameter in self.peft.parameters() if parameter.requires_grad]

    def losses(self, batch: Sequence[Example]) -> tuple[Tensor, Tensor]:
        """Of every answer token of `batch`: its cross-entropy, and whether it is the likeliest."""
        inputs, mask, targets = tensors(batch)
        hidden = self.body(input_ids=inputs.to(self.device), attention_mask=mask.to(self.device)).last_hidden_state
        chosen = (targets >= 0).to(self.device)
        hidden, wanted = hidden[chosen], targets[targets >= 0].to(self.device)
        return AnswerLoss.apply(hidden, self.head.weight, wanted, self.cap)

    @torch.no_grad()
    def answer(self, prompt: Sequence[int], end: int, longest: int) -> list[int]:
        """The greedy answer to `prompt`, without its end."""
        inputs = torch.tensor([list(prompt)], device=self.device)
        written = self.peft.generate(
            input_ids=inputs,
            attention_mask=torch.ones_like(inputs),
            max_new_tokens=longest,
            do_sample=False,
            use_cache=True,
            eos_token_id=end,
            pad_token_id=0,
        )[0, len(prompt) :].tolist()
        return written[: written.index(end)] if end in written else written

    def weights(self) -> dict[str, Tensor]:
        """A copy of the adapter's weights, on the CPU. The embedding is frozen: peft need not ask a hub whether it changed."""
        return {
            name: tensor.detach().cpu().clone()
            for name, tensor in get_peft_model_state_dict(self.peft, save_embedding_layers=False).items()
        }

    def load(self, weights: dict[str, Tensor]) -> None:
        """Takes an adapter's weights."""
        set_peft_model_state_dict(self.peft, weights)

    def save(self, folder: Path) -> None:
        """adapter_config.json and adapter_model.safetensors."""
        self.peft.save_pretrained(folder, save_embedding_layers=False)


class AnswerLoss(torch.autograd.Function):
    """Cross-entropy through a frozen head, of hidden states (tokens, width) and wanted ids: (losses, which are the likeliest).

    The gradient for the hidden states is made on the way forward, while the scores are there: they are never kept, nor computed
    twice. `cap`: scores are squashed to ±cap, as Gemma 2 does; None leaves them.
    """

    @staticmethod
    def forward(ctx, hidden: Tensor, weight: Tensor, wanted: Tensor, cap: float | None) -> tuple[Tensor, Tensor]:
        losses, right, gradients = [], [], []
        for states, ids in zip(hidden.split(HEAD_POSITIONS), wanted.split(HEAD_POSITIONS), strict=True):
            scores = functional.linear(states, weight).float()
            if cap:
                scores = cap * torch.tanh(scores / cap)
            logs = scores.log_softmax(-1)
            losses.append(-logs.gather(1, ids[:, None])[:, 0])
            right.append(logs.argmax(-1) == ids)
            if ctx.needs_input_grad[0]:
                slopes = logs.exp_()
                slopes[torch.arange(len(ids), device=ids.device), ids] -= 1
                if cap:
                    slopes *= 1 - (scores / cap) ** 2
                gradients.append(slopes.to(weight.dtype) @ weight)
        if gradients:
            ctx.save_for_backward(torch.cat(gradients))
        marks = torch.cat(right)
        ctx.mark_non_differentiable(marks)
        return torch.cat(losses), marks

    @staticmethod
    def backward(ctx, of_losses: Tensor, _: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return of_losses[:, None].to(gradient.dtype) * gradient, None, None, None


def tensors(batch: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs, attention mask and targets (batch, length); the target of what is not learned is -1."""
    length = max(len(example.ids) for example in batch) - 1
    inputs, mask = torch.zeros((2, len(batch), length), dtype=torch.long)
    targets = torch.full((len(batch), length), -1)
    for row, example in enumerate(batch):
        size = len(example.ids) - 1
        inputs[row, :size] = torch.tensor(example.ids[:-1])
        mask[row, :size] = 1
        learned = torch.tensor(example.learned[1:])
        targets[row, :size][learned] = torch.tensor(example.ids[1:])[learned]
    return inputs, mask, targets
