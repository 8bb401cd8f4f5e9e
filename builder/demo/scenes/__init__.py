"""Made-up news for a model that knows English already: what happened, as people paste it, and a post that fits it.

`*.txt` are the scenes by subject, `read` parses them, `values` makes names and figures, `shapes` gives a text the shape of a
message, a list or a headline, `voice` opens and closes a post in a tone, `write` joins all of it to rows.
"""
