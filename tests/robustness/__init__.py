"""Files that somebody broke on purpose, by the thousand: `inspect` and `convert` answer each, or refuse it in a sentence.

    mutators    what is done to bytes, JSON and protobufs
    formats     where the fields of each format lie, so that the damage hits what is looked at
    targets     what is damaged, and which function of ours gets to read it
    loop        one process that tries case after case under a limit of memory and of time
    __main__    python -m tests.robustness: starts such processes, survives their crashes, and counts

A case is a number: the same seed and number make the same file.
"""
