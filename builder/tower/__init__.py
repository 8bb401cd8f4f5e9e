"""What makes tokens of a picture, as two graphs in a web file: MediaPipe runs both where a prompt has a picture.

siglip.py               the tower of a Gemma 3: its shape, its weights, its operators
numbers.py              its numbers, those that graphs have otherwise than checkpoints among them
gemma3n.py              the tower of a Gemma 3n: what its files say
mobilenet.py            its blocks and weights
convolutions.py         its operators
convolution_numbers.py  its numbers
prefixes.py             how a checkpoint's names of a tower begin
graphs.py               both graphs: laid out, written into a file, compared with one
"""
