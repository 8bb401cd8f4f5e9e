"""Models in, web files out.

Read the modules in the order of the data: checkpoint → families → quantize → web_file → (verify, inspect) → command.
"""

__version__ = "0.1.0"
