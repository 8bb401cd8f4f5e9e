"""The small demo model: its training data, its training and its evaluation.

Read in this order: `words` and `facts` (what texts are made of), `texts` and `posts` (a text and the post
that answers it), `generator` (rows of both, by seed), `tokenizer`, `model`, `train`, `evaluate`.
"""
