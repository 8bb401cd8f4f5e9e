"""What Hugging Face transformers answers with the very weights of a web file: the truth that our reference and the engine
are held to. `cases.py` says which models, `make_goldens.py` asks transformers, `goldens.json` is what it said."""
