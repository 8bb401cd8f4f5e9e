"""`python -m onpage` is the command `onpage`."""

from onpage.command import main

main()
