"""Models that show whether a GPU computes Gemma rightly, and the answers that it has to give: what static/check holds.

    models.py    three small models, which between them have what real ones have
    answers.py   prompts, answers and their margins
    __main__.py  writes both

It is not in the wheel: what it writes is.
"""
