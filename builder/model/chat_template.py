"""The chat template of a checkpoint → the texts around each turn.

A template is a program that makes one text of a conversation. It is run on conversations of a few probe words, in a child
process without trust (`chat_template_rendering`), and the texts between the probes are the turns. Where that does not give
one prefix and one suffix a side, the template is refused: the options of the command set the turns then.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from builder.errors import CheckpointError
from builder.files.reading import NotReadableError, read_bounded, read_json_object, shortened, shown
from builder.files.systems import limit_memory, limit_processor
from builder.model.tokenizer import Tokenizer
from builder.model.turns import Turn, Turns

MAX_BYTES = 256 << 10
"""Of a template; Gemma's have 1.5 kB, those with tools up to 20 kB."""

MAX_AFFIX = 2048
"""Characters around a turn; the store keeps as many."""

MAX_SECONDS = 60
"""For all conversations, the start of Python on a busy machine included; the child takes 3 s of the processor at most."""

PROGRAM = f"""{limit_memory(400_000_000)}
{limit_processor(3)}
import runpy
runpy.run_path({str(Path(__file__).with_name("chat_template_rendering.py"))!r}, run_name="__main__")
"""
"""By its path: a module of this package would bring the package, and what the package imports."""

OWN_FILE, CONFIG, PROCESSOR_FILE = "chat_template.jinja", "tokenizer_config.json", "chat_template.json"
"""Where programs save a template, in the order in which transformers looks."""

NAMES = ("bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token")
"""Of tokenizer_config.json; templates write them."""

NOTHING = {"tools": None, "documents": None}
"""Templates ask whether these are none, which what is not defined is not."""

INSTEAD = "set the turns with --prompt-prefix, --prompt-suffix and --stop"

MARK = re.compile(r"<[^<>\s]{1,62}>")
"""What looks like a token of its own: `<start_of_turn>`, `<|im_end|>`, `</s>`."""

SYSTEM, QUESTION, ANSWER, AGAIN = ("onpagesystem", "onpagequestion", "onpageanswer", "onpageagain")
"""Words that no template holds, and that come out of any as they are."""


class _ExhaustedError(CheckpointError):
    """A template that is not worth a second try."""


@dataclass(frozen=True)
class ChatTemplate:
    """A template, where it was found, and the names that it may write."""

    path: Path
    text: str
    names: Mapping[str, str]

    @classmethod
    def of_checkpoint(cls, folder: Path) -> ChatTemplate | None:
        """The template of a folder, None where it has none; CheckpointError where it cannot be read."""
        config_path = folder / CONFIG
        config = read_json_object(config_path) if os.path.lexists(config_path) else {}
        names = {name: text for name in NAMES if (text := _token(config.get(name))) is not None}
        path = folder / OWN_FILE
        if os.path.lexists(path):
            try:
                return cls(path, read_bounded(path, MAX_BYTES).decode(), names)
            except NotReadableError as error:
                raise CheckpointError(f"{path} {error}; {INSTEAD}.", subject=path) from None
            except UnicodeDecodeError:
                raise CheckpointError(
                    f"{path} is not text: expected a chat template in UTF-8; {INSTEAD}.", subject=path
                ) from None
        for path in (config_path, folder / PROCESSOR_FILE):
            values = config if path == config_path else (read_json_object(path) if os.path.lexists(path) else {})
            if values.get("chat_template") is not None:
                return cls.of_text(path, values["chat_template"], names)
        return None

    @classmethod
    def of_text(cls, path: Path, said: Any, names: Mapping[str, str]) -> ChatTemplate:
        """The template that `path` says, its text or several with their names; CheckpointError where it is neither."""
        return cls(path, _text_of(path, said), names)

    def turns(self, tokenizer: Tokenizer) -> Turns:
        """The texts around the turns; CheckpointError where the template cannot be run or split."""
        try:
            return self._turns(tokenizer, str)
        except _ExhaustedError:
            raise
        except CheckpointError as of_plain_text:
            with suppress(CheckpointError):
                return self._turns(tokenizer, _parts)
            raise of_plain_text

    def _turns(self, tokenizer: Tokenizer, content: Callable[[str], Any]) -> Turns:
        """As `turns`, of messages whose texts are made into what `content` makes of them."""
        names = {"bos_token": tokenizer.start_piece} | dict(self.names)
        start = names["bos_token"] if tokenizer.start_id >= 0 else ""  # else it may be a piece of the turns
        user, again = ({"role": "user", "content": content(text)} for text in (QUESTION, AGAIN))
        answer = {"role": "assistant", "content": content(ANSWER)}
        system = {"role": "system", "content": content(SYSTEM)}
        closed, opened, answered, asked_again, with_system = self._rendered(
            names,
            [
                {"messages": [user], "add_generation_prompt": False},
                {"messages": [user], "add_generation_prompt": True},
                {"messages": [user, answer], "add_generation_prompt": False},
                {"messages": [user, answer, again], "add_generation_prompt": True},
                {"messages": [system, user], "add_generation_prompt": True},
            ],
        )
        first, after = self._split(self._text(opened), QUESTION)
        _, user_suffix = self._split(self._text(closed), QUESTION)
        model_prefix = self._without(after, user_suffix, "begins differently if an answer follows")
        _, model_suffix = self._split(self._text(answered), ANSWER)
        _, between = self._split(self._text(asked_again), ANSWER)
        user_prefix = self._without(self._split(between, AGAIN)[0], model_suffix, "ends an answer in two ways")
        if not first.endswith(user_prefix):
            self._refuse("begins the user's first turn differently from the next")
        opening = first.removesuffix(user_prefix).removeprefix(start)
        turns = Turns(
            user=Turn(user_prefix, user_suffix),
            model=Turn(model_prefix, model_suffix),
            system=_system_turn(with_system.get("text"), user_prefix, start),
            opening=opening,
            ends=_ends(model_suffix, tokenizer),
        )
        if max(map(len, (opening, *turns.affixes()))) > MAX_AFFIX:
            self._refuse(f"puts more than {MAX_AFFIX:,} characters around a message")
        return turns

    def _rendered(self, names: Mapping[str, Any], conversations: list[dict[str, Any]]) -> list[dict[str, str]]:
        request = {"template": self.text, "names": NOTHING | dict(names), "conversations": conversations}
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-c", PROGRAM],
                input=json.dumps(request).encode(),
                capture_output=True,
                timeout=MAX_SECONDS,
                check=False,
            )
            answers = json.loads(done.stdout) if done.returncode == 0 else None
        except (subprocess.TimeoutExpired, OSError, ValueError):
            answers = None
        if answers is None:
            self._refuse("takes more time or memory than a template may", _ExhaustedError)
        found: list[dict[str, str]] = answers
        return found

    def _text(self, answer: Mapping[str, str]) -> str:
        if "text" not in answer:
            self._refuse(f"cannot be run ({shortened(_printable(answer['error']), 200)})")
        return answer["text"]

    def _split(self, text: str, probe: str) -> tuple[str, str]:
        """What stands before and after a probe."""
        if text.count(probe) != 1:
            self._refuse(f"writes a message {text.count(probe)} times, or changes it")
        before, _, after = text.partition(probe)
        return before, after

    def _without(self, text: str, start: str, reason: str) -> str:
        if not text.startswith(start):
            self._refuse(reason)
        return text.removeprefix(start)

    def _refuse(self, reason: str, error: type[CheckpointError] = CheckpointError) -> NoReturn:
        raise error(
            f"The chat template in {self.path} {reason}, so the texts around a turn cannot be taken from it: {INSTEAD}.",
            subject=self.path,
        )


def _system_turn(text: str | None, user_prefix: str, start: str) -> Turn | None:
    """The turn of the system, None where there is none of its own: refused, or written into the user's."""
    if text is None or text.count(SYSTEM) != 1 or text.count(QUESTION) != 1:
        return None
    before, _, rest = text.partition(SYSTEM)
    between, found, _ = rest.partition(QUESTION)
    if not found or not user_prefix or not between.endswith(user_prefix):
        return None
    return Turn(before.removeprefix(start), between.removesuffix(user_prefix))


def _ends(suffix: str, tokenizer: Tokenizer) -> tuple[str, ...]:
    """The piece that an answer ends with: the first mark behind it, where the tokenizer has it."""
    mark = MARK.match(suffix.lstrip())
    return (mark[0],) if mark and tokenizer.id_of(mark[0]) is not None else ()


def _text_of(path: Path, found: Any) -> str:
    """The text, or the default one of several."""
    if isinstance(found, list):
        named = {one.get("name"): one.get("template") for one in found if isinstance(one, dict)}
        found = named.get("default")
    if not isinstance(found, str) or len(found.encode(errors="replace")) > MAX_BYTES:
        raise CheckpointError(
            f"{path}: chat_template is {shown(found)}: expected a text of at most {MAX_BYTES:,} bytes, or several of which one "
            f"is named default; {INSTEAD}.",
            subject="chat_template",
        )
    return found


def _parts(text: str) -> list[dict[str, str]]:
    """A message as models with images have it."""
    return [{"type": "text", "text": text}]


def _token(value: Any) -> str | None:
    value = value.get("content") if isinstance(value, dict) else value
    return value if isinstance(value, str) else None


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
