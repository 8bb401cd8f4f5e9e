"""LoRA adapters as peft saves them: `adapter` reads the folder, `adapter_file` writes what the page loads beside a model,
`merge` adds it to the base's weights for good."""
