"""The measuring harness behind `onpage bench`: the same plan in any browser, and a results file that says all about it.

`run` starts the server and the browsers, a page of ours (`/bench?driven`) measures and tells what it sees as events, and
`record` folds them; what a results file holds is `results.schema.json`. `interleave` measures two configurations in turn until
`goal` is reached. `values` takes the figures of a record from its raw samples, `statistics` has the one estimator, `verdict`
and `compare` decide. Nothing here knows an engine.
"""
