"""What a model should answer, computed without an engine: `dense` in memory, `streamed` for any size, `report` what quantization costs."""
