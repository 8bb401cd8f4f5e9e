"""The page in WebKitGTK's MiniBrowser: a post, Stop, and the problem screens. `make test-webkit` runs it."""
