"""Puts the server together: pages and models (Flask), static files (WhiteNoise), and the headers around both.

    SecureResponses → WhiteNoise → Flask
    headers, Host     static/       pages, models

`create_app` reads the disk (it hashes the model files and lists the static ones) and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask

from webapp import models, pages
from webapp.assets import serve_static
from webapp.headers import SecureResponses
from webapp.paths import static_folder
from webapp.vendor import ENGINE, HASH


@dataclass(frozen=True)
class Config:
    """What one server offers."""

    models: list[Path]
    allowed_hosts: tuple[str, ...] = ()
    """Names besides localhost, 127.0.0.1 and [::1] that requests may carry in `Host`."""
    static: Path = field(default_factory=static_folder)


def create_app(config: Config) -> Flask:
    """A Flask application whose `wsgi_app` is the whole stack; raises OnpageError for a missing or wrong file."""
    app = Flask("webapp", static_folder=None)
    app.config["VENDOR_URLS"] = {"engine": ENGINE.url, "hash": HASH.url}
    app.extensions["onpage_models"] = models.read_models(config.models)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(models.blueprint)
    app.wsgi_app = SecureResponses(  # type: ignore[method-assign]
        serve_static(app.wsgi_app, config.static), config.allowed_hosts
    )
    return app
