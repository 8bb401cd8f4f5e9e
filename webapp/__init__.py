"""The server of the page: `app.create_app` puts a small WSGI application together, `serve.serve` runs it.

The server only hands out files: no prompt, no text and no figure is ever sent to it. Nothing is imported here, so
that `python -m webapp.vendor` runs before the server's own dependencies are there."""
