"""Checkpoints as they come: the folder that `save_pretrained` or a download leaves (`folder`), and the types that it stores (`stored_types`)."""
