"""The face of onpage: the command (`onpage.command`) and the measuring harness (`onpage.bench`), over `webapp` and `builder`."""
