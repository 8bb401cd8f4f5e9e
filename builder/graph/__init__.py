"""The other form of a model: a LiteRT graph with prefill and decode signatures, which runs on CPUs too.

A web file holds weights only and needs the engine's own WebGPU shaders. A graph holds the computation as well, so that
@litert-lm/core runs it in a page without WebGPU, litert-lm-api natively, and MediaPipe from a zip `.task`.

`settings` says how a graph is to be, `weights` how litert-torch wants the checkpoint's, `export` makes it with litert-torch (a large optional extra) in a process of its own,
`convert` leads from a checkpoint folder to the file.
"""
