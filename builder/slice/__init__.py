"""Smaller models out of a Gemma 3n, which is made to be cut (MatFormer).

plan.py    which layers are kept and how wide their feed-forwards stay; the config.json of that
mixes.py   the slices to choose from by their size
cut.py     which rows and columns of each tensor that is
write.py   the folder, tensor by tensor
"""
