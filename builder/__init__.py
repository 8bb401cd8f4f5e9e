"""Models in, web files out.

Read the packages in the order of the data: checkpoint → model → quantize → formats → convert, graph, lora, bundle → store, fetch;
beside them reference, synth and estimate.
"""

__version__ = "0.1.0"
