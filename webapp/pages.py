"""The pages: the app and the bench. They hold no script and no style, only links, so the policy needs no exceptions."""

from dataclasses import asdict
from importlib.metadata import version

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template

from builder.model.catalog import checkpoints, published, published_speeds
from webapp.headers import CONTENT_SECURITY_POLICY

blueprint = Blueprint("pages", __name__)

META_POLICY = "; ".join(rule for rule in CONTENT_SECURITY_POLICY.split("; ") if not rule.startswith("frame-ancestors"))
"""The policy as the page itself can say it, for hosts that cannot be told to send headers. A page cannot say who may frame it."""


@blueprint.get("/")
def index() -> Response:
    return _page("index.html")


@blueprint.get("/bench")
def bench() -> Response:
    return _page("bench.html")


@blueprint.get("/check")
def check() -> Response:
    return _page("check.html")


@blueprint.get("/api/published")
def list_published() -> Response:
    """Speeds that publishers give, for the bench to show beside its own."""
    return jsonify([asdict(speed) for speed in published_speeds()])


@blueprint.get("/api/catalog")
def list_catalog() -> Response:
    """Every published model, also those that this server does not have: `onpage fetch ID` brings one to it."""
    return jsonify([model.to_json() for model in (published() | checkpoints()).values()])


@blueprint.get("/api/vendor")
def list_vendored() -> Response:
    """Where the engines' libraries are, by their npm names: what a page of one's own gives to static/engine."""
    return jsonify(current_app.config["VENDOR_URLS"])


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """Browsers ask for it even though the page names an SVG: nothing, rather than a 404 in the console."""
    return Response(status=204, headers={"Cache-Control": "max-age=86400"})


def _page(template: str) -> Response:
    """A page is the same for all requests to one application, so it is made once."""
    made: dict[str, str] = current_app.extensions["onpage_pages"]
    if template not in made:
        made[template] = render_template(
            template,
            vendor=current_app.config["VENDOR_URLS"],
            version=version("onpage"),
            offline=current_app.config["OFFLINE"],
            pages_suffix=current_app.config["PAGES_SUFFIX"],
            policy=META_POLICY,
        )
    response = make_response(made[template])
    response.headers["Cache-Control"] = "no-cache"
    return response
