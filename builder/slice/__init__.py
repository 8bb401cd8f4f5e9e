"""Smaller models out of a Gemma 3n, which is made to be cut (MatFormer).

plan.py       which layers are kept and how wide their feed-forwards stay
mixes.py      the slices to choose from by their size
cut.py        which rows and columns of a checkpoint's tensors that is
write.py      the folder, tensor by tensor
web_file.py   the same of a web file, without quantizing it again
composed.py   its bytes as they are asked for, written or not
source.py     whichever of the two is sliced
"""
