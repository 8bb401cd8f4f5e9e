"""What is known of a model apart from its weights.

`families` reads config.json, `tokenizer` and `tokenizer_json` the vocabulary, `generation_config` how to sample; `catalog` lists
the published models, `shapes` their dimensions.
"""
