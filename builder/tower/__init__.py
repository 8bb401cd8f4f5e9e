"""What makes tokens of a picture, as two graphs in a web file: MediaPipe runs both where a prompt has a picture.

siglip.py    the tower of a Gemma 3: its shape, its weights, its operators
numbers.py   its numbers, those that graphs have otherwise than checkpoints among them
graphs.py    both graphs: laid out, written into a file, compared with one
"""
