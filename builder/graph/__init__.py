"""The other form of a model: a LiteRT graph with prefill and decode signatures, which runs on CPUs too.

A web file holds weights only and needs the engine's own WebGPU shaders. A graph holds the computation as well, so that
@litert-lm/core runs it in a page without WebGPU, litert-lm-api natively, and MediaPipe from a zip `.task`.

    settings.py     what its functions look like
    function.py     a function while it is being made: values and operators
    decoder.py      a model description as functions
    numbers.py      where the weights' integers come from: a checkpoint that is quantized, or a web file
    parameters.py   the weights as tensors of the functions
    layout.py       the FlatBuffer, and where the weights go behind it
    write.py        one pass over the weights
    convert.py      from a checkpoint or a web file to the file
"""
