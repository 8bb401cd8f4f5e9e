"""Models from the network into the store: sources → hub or address → download → store.

Nothing that a server says is believed: a length, a place in the file, a content or a redirect that is not as expected ends the
download with one sentence, or begins it again, and what has come rightly is kept for the next process.
"""
