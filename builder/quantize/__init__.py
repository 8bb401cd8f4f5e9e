"""Weights into integers: `scheme` says how, `rounding` and `least_squares` do it in numpy, `wasm_kernel` runs the same compiled."""
