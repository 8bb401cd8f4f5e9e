"""What a model should answer, computed without an engine: `decoder` runs its layers, `sources` has their weights, `dense` writes texts in
memory, `streamed` checks them for any size, `report` says what quantization costs."""
