"""A checkpoint into a web file: `web_file` plans and lays out, `write_tensors` quantizes and writes, `read_back` compares."""
