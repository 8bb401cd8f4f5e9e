"""Random weights in a published shape: `web_file` for the browser, `gguf_file` and `onnx_folder` the same weights for other engines."""
