"""A text sent through the model: how large the inputs of each matrix are, and quantization that keeps what the matrices put out."""
