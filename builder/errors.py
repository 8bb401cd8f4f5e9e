"""Every error that onpage raises on purpose.

    OnpageError
    ├── CheckpointError      a checkpoint folder that cannot be read or converted
    │   └── UnsupportedModel    …because the web format or onpage does not know such a model
    ├── TokenizerError       a tokenizer that is missing, broken or does not fit the model
    ├── ModelFileError       a model file of any format that is none, is cut short, or contradicts itself
    │   └── WebFileError        …or is another format than the web file
    ├── DataError            examples of a fine-tune that cannot be learned from
    ├── BundleError          a bundle that cannot be made of the parts given
    ├── OutputError          a result that could not be written
    ├── StoreError           the store: a model that is not in it, a damaged manifest, a folder that cannot be used
    │   └── StoreBusyError      …because another process is at work in it
    ├── FetchError           a model that could not be downloaded
    │   └── GatedError          …because its licence has to be accepted first
    ├── ResultsError         a results file of the bench that is none, or of another version
    └── BenchError           a measurement that could not be begun, or failed

Each carries what a program may want to know as attributes, and `str(error)` is one sentence for a person: what, where,
expected, found, and what to do. The command prints it after "onpage: " and exits with 1.
"""

from __future__ import annotations

from pathlib import Path


class OnpageError(Exception):
    """Base of all. `subject` is the file, tensor or setting that the sentence is about."""

    def __init__(self, sentence: str, *, subject: str | Path | None = None) -> None:
        super().__init__(sentence)
        self.subject = subject


class CheckpointError(OnpageError):
    """The checkpoint folder is incomplete or contradicts itself."""


class UnsupportedModel(CheckpointError):  # noqa: N818 - reads as what it is
    """The checkpoint is sound, but its architecture cannot be expressed."""


class TokenizerError(OnpageError):
    """The tokenizer is missing, broken, or of another size than the embedding."""


class ModelFileError(OnpageError):
    """The bytes are not a model file that onpage can trust."""


class WebFileError(ModelFileError):
    """The bytes are not a web model file that onpage can trust."""


class DataError(OnpageError):
    """The examples of a fine-tune are not what can be learned from."""


class BundleError(OnpageError):
    """These parts make no bundle of that format."""


class OutputError(OnpageError):
    """The output could not be written; nothing was left behind."""


class StoreError(OnpageError):
    """The store of models cannot give or take what was asked; it is as it was."""


class StoreBusyError(StoreError):
    """Another process is changing the same thing."""


class FetchError(OnpageError):
    """A download that cannot be had, or not now. What has come of it is kept where it can be gone on with."""


class GatedError(FetchError):
    """The hub gives the file only to those who have accepted its licence. `page` is where that is done."""

    def __init__(self, sentence: str, *, page: str) -> None:
        super().__init__(sentence, subject=page)
        self.page = page


class ResultsError(OnpageError):
    """The bytes are no results file of `onpage bench` that this version reads."""


class BenchError(OnpageError):
    """What was to be measured could not be, or was found wrong; what was measured is kept."""
