"""A model that turns a text into a vector, as the file that LiteRT-LM's embedding engine takes.

sentence.py   what sentence-transformers says beside the weights: pooling, dense layers, prompts, lengths
encoder.py    what every encoder has, and its end: pooling and dense layers
bert.py       BERT: MiniLM, BGE, E5, GTE
gemma.py      a Gemma 3 that sees the whole text at once: EmbeddingGemma
tokens.py     its tokenizer, and what begins and ends a text
convert.py    from a checkpoint to the file
"""
