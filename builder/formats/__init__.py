"""The files that browsers run, and what is in them.

`sniff` tells them apart by their first bytes. A reader for each: `web_file_reader`, `task_reader`, `litertlm_reader`,
`graph_reader`; `web_file_layout` is how a web file is laid out to be written. `inspect_web_file` and `inspect_model` say in facts
what a file holds. `llm_parameters`, `llm_metadata` and `tflite_schema` are the engines' own structures.
"""
