"""Runs a LiteRT graph that is no language model: by the C API of the interpreter that is in litert-lm-api's library."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import litert_lm
import numpy as np
from numpy.typing import NDArray

LIBRARY = Path(litert_lm.__file__).with_name("liblitert-lm.so")
ARGUMENTS = {
    "TfLiteModelCreateFromFile": (ctypes.c_char_p,),
    "TfLiteModelDelete": (ctypes.c_void_p,),
    "TfLiteInterpreterOptionsCreate": (),
    "TfLiteInterpreterOptionsDelete": (ctypes.c_void_p,),
    "TfLiteInterpreterOptionsSetNumThreads": (ctypes.c_void_p, ctypes.c_int32),
    "TfLiteInterpreterCreate": (ctypes.c_void_p, ctypes.c_void_p),
    "TfLiteInterpreterDelete": (ctypes.c_void_p,),
    "TfLiteInterpreterAllocateTensors": (ctypes.c_void_p,),
    "TfLiteInterpreterInvoke": (ctypes.c_void_p,),
    "TfLiteInterpreterGetInputTensor": (ctypes.c_void_p, ctypes.c_int32),
    "TfLiteInterpreterGetOutputTensor": (ctypes.c_void_p, ctypes.c_int32),
    "TfLiteTensorNumDims": (ctypes.c_void_p,),
    "TfLiteTensorDim": (ctypes.c_void_p, ctypes.c_int32),
    "TfLiteTensorCopyFromBuffer": (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t),
    "TfLiteTensorCopyToBuffer": (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t),
}
NUMBERS = ("NumDims", "TensorDim", "AllocateTensors", "Invoke", "CopyFromBuffer", "CopyToBuffer")
"""Ends of the names of those that return an int32; others return a pointer, or nothing."""


@cache
def _library() -> Any:
    library = ctypes.CDLL(str(LIBRARY))
    for name, arguments in ARGUMENTS.items():
        function = getattr(library, name)
        function.argtypes = arguments
        function.restype = ctypes.c_int32 if name.endswith(NUMBERS) else ctypes.c_void_p
    return library


class Interpreter:
    """Of a graph with one function, one float32 input and one float32 output."""

    def __init__(self, interpreter: int) -> None:
        self._interpreter = interpreter

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of its input."""
        return self._shape(_library().TfLiteInterpreterGetInputTensor(self._interpreter, 0))

    def run(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Its output."""
        lib, values = _library(), np.ascontiguousarray(values)
        assert values.shape == self.input_shape and values.dtype == np.float32
        there = lib.TfLiteInterpreterGetInputTensor(self._interpreter, 0)
        assert lib.TfLiteTensorCopyFromBuffer(there, values.ctypes.data, values.nbytes) == 0
        assert lib.TfLiteInterpreterInvoke(self._interpreter) == 0
        result = lib.TfLiteInterpreterGetOutputTensor(self._interpreter, 0)
        found = np.empty(self._shape(result), np.float32)
        assert lib.TfLiteTensorCopyToBuffer(result, found.ctypes.data, found.nbytes) == 0
        return found

    def _shape(self, tensor: int) -> tuple[int, ...]:
        lib = _library()
        return tuple(lib.TfLiteTensorDim(tensor, i) for i in range(lib.TfLiteTensorNumDims(tensor)))


@contextmanager
def interpreter(path: Path, threads: int = 2) -> Iterator[Interpreter]:
    """Opens a graph; AssertionError where the interpreter does not take it."""
    lib = _library()
    model = lib.TfLiteModelCreateFromFile(str(path).encode())
    assert model, f"the interpreter does not take {path}"
    options = lib.TfLiteInterpreterOptionsCreate()
    lib.TfLiteInterpreterOptionsSetNumThreads(options, threads)
    made = lib.TfLiteInterpreterCreate(model, options)
    try:
        assert made and lib.TfLiteInterpreterAllocateTensors(made) == 0, f"the interpreter does not take {path}"
        yield Interpreter(made)
    finally:
        lib.TfLiteInterpreterDelete(made)
        lib.TfLiteInterpreterOptionsDelete(options)
        lib.TfLiteModelDelete(model)
