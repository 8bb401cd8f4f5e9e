"""What is known of a model apart from the values of its weights.

`description` says layer by layer what is computed, `weights` which weights that takes; `families` makes both from config.json and
is the only reader of it. `opened` is a checkpoint folder with all of this, opened once. `tokenizer` and `tokenizer_json` read the
vocabulary, `generation_config` how to sample, `turns` says what stands around a turn; `catalog` lists the published models,
`shapes` their dimensions.

To add a family:

1. A module in `families` with a `Family`: `describe` reads config.json through `Config` and refuses by name what it does not
   understand; `weights` lists the weights and for each its source in a checkpoint (`builder.checkpoint.sources`: a tensor, rows or
   columns of one, several stacked). `families/dense.py` has what Gemma 1 to 3 share.
2. A line in `families.FAMILIES`, by the `model_type` of config.json.
3. Where layers have parts that no family had before: a field or an `Extra` in `description`, a `Part` in `weights`.
4. What each target calls the parts and how it is told of them: `builder/formats/web_model.py`, `builder/graph` and the peers' formats
   in `builder/synth`. A target refuses by name what it cannot be told.
5. The reference computes the new parts (`builder/reference/dense.py`), and a golden proves it (`tests/goldens`).
"""
