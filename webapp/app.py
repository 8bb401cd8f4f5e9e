"""Puts the server together: pages, models and static files (Flask), with the headers around all (`SecureResponses`).

`create_app` hashes the model files (not the stored models); it opens no port.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask

from webapp import assets, offline, pages, served_files
from webapp import served_adapters as adapters
from webapp import served_models as models
from webapp.cross_origin import CrossOrigin
from webapp.headers import SecureResponses
from webapp.paths import static_folder
from webapp.served_models import Offer
from webapp.served_slices import Slices, with_slices
from webapp.vendor import PACKAGES


@dataclass(frozen=True)
class Config:
    """What one server offers."""

    models: Sequence[Offer]
    loras: Sequence[Path] = ()
    """Adapter files, each for at least one of the models."""
    allowed_hosts: tuple[str, ...] = ()
    """Names besides localhost, 127.0.0.1 and [::1] that requests may carry in `Host`."""
    allowed_origins: tuple[str, ...] = ()
    """Origins of other pages that may load from here; `*` for all."""
    static: Path = field(default_factory=static_folder)
    offline: bool = True
    """Whether browsers keep the page, so that it opens without the server; if not, what they kept before is removed."""
    pages_suffix: str = ""
    """What the page's links to other pages end in: ".html" for a host that only hands out files."""
    slices: Slices = field(default_factory=Slices)
    """Of each Gemma 3n among the models, offered behind it."""


def create_app(config: Config) -> Flask:
    """A Flask application whose `wsgi_app` is the whole stack; raises OnpageError for a missing or wrong file."""
    app = Flask("webapp", static_folder=None)
    app.url_map.merge_slashes = False  # a path with an empty part is nobody's, not a redirect
    app.config["VENDOR_URLS"] = {package.name: package.url for package in PACKAGES}
    app.config["STATIC"] = config.static
    app.config["OFFLINE"] = config.offline
    app.config["PAGES_SUFFIX"] = config.pages_suffix
    served = with_slices(models.read_models(config.models), config.slices)
    loras = adapters.read_adapters(config.loras, list(served.values()))
    app.extensions["onpage_models"] = served
    app.extensions["onpage_adapters"] = loras
    files = [each.content for model in served.values() for each in model.files] + [
        lora.content for lora in loras.values()
    ]
    app.extensions["onpage_files"] = {file.sha256: file for file in files}
    app.extensions["onpage_adapters_of"] = {
        sha256: [lora.to_json() for lora in loras.values() if lora.fits(model)] for sha256, model in served.items()
    }
    app.extensions["onpage_pages"] = {}
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(offline.blueprint)
    app.register_blueprint(models.blueprint)
    app.register_blueprint(served_files.blueprint)
    app.register_blueprint(assets.blueprint)
    app.extensions["onpage_vendored"] = assets.vendored_files(config.static)
    app.extensions["onpage_own"] = {}  # by name under /static/, listed when one is asked for
    app.wsgi_app = SecureResponses(app.wsgi_app, config.allowed_hosts)  # type: ignore[method-assign]
    if config.allowed_origins:
        app.wsgi_app = CrossOrigin(app.wsgi_app, config.allowed_origins)  # type: ignore[method-assign]
    return app
