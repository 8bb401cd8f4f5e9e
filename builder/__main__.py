"""`python -m builder` is the command `onpage`."""

from builder.command import main

main()
