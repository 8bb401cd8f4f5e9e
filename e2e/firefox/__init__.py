"""The page in Firefox: a person's way through it, storage, problem screens and a small /bench, on the processor's engine."""
