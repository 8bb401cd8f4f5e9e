"""Fine-tuning by LoRA: conversations in, an adapter folder out, as peft saves it.

Read in this order: `data` (what the file says), `examples` (token ids, and which of them are learned), `plan` (batches,
learning rate, when to stop), `state` (what lasts while it runs), `model` and `training` (the only ones that need torch).
"""
