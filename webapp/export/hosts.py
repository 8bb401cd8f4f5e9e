"""What hosts want beside the files: headers for nginx, Caddy, Netlify and Cloudflare Pages, and the README of a Hugging Face Space.

GitHub Pages takes no headers; there the page's meta element has the policy, and the service worker isolates the page and its workers
(static/offline/service_worker.js). A Space of the kind "static" sends the three headers of isolation that its README names; it shows
the page inside another, so its files may be read across origins, and it has no policy but the meta element's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from webapp.export.headers import Header

COMPRESSED = (
    "text/css",
    "text/javascript",
    "application/json",
    "image/svg+xml",
    "application/manifest+json",
    "text/plain",
)
"""Beside HTML; the engines' files are there compressed."""


def nginx(headers: Sequence[Header], by_suffix: Mapping[str, str], by_path: Mapping[str, str]) -> str:
    """A file for `/etc/nginx/conf.d`; root, name and port are to be set. Variables, because a location's own headers replace all others."""
    lines = [
        "# onpage: copy this file to /etc/nginx/conf.d/onpage.conf, and set listen, server_name and root. Browsers give WebGPU to https",
        "# and localhost only. The site may also lie below a path of another server: then take its lines over.",
    ]
    values = []
    for header in headers:
        variable = f"$onpage_{_word(header)}"
        values.append((header.name, variable if header.rules else f'"{header.usual}"'))
        if header.rules:
            lines += [f"map $uri {variable} {{", f'  default "{header.usual}";']
            lines += [f'  "~{_pattern(path)}" "{value}";' for path, value in header.rules.items()]
            lines += ["}"]
    lines += [
        "server {",
        "  listen 8080;",
        "  server_name _;",
        "  root /srv/onpage;",
        "  index index.html;",
        "  types {",
    ]
    lines += [f"    {kind} {suffix.removeprefix('.')};" for suffix, kind in by_suffix.items()]
    texts = " ".join(COMPRESSED)
    lines += ["  }", "  default_type application/octet-stream;", "  charset utf-8;", f"  charset_types {texts};"]
    lines += ["  sendfile on;", "  tcp_nopush on;"]
    lines += ["  gzip_static on;", "  gzip on;", "  gzip_vary on;", f"  gzip_types {texts};"]
    lines += [f"  add_header {name} {value} always;" for name, value in values]
    if _allows(headers):
        lines += ["  if ($request_method = OPTIONS) { return 204; }"]
    lines += ["  location / { try_files $uri $uri/ $uri.html =404; }"]
    lines += [f'  location ~ "{_pattern(path)}" {{ default_type {kind}; }}' for path, kind in by_path.items()]
    return "\n".join([*lines, "}", ""])


def caddy(headers: Sequence[Header], by_suffix: Mapping[str, str], by_path: Mapping[str, str]) -> str:
    """A Caddyfile. Pages keep the type that Caddy gives them: their addresses have no suffix."""
    lines = [
        "# onpage: set the address (a name gets TLS by itself) and root.",
        ":8080 {",
        "  root * /srv/onpage",
        "  encode gzip",
    ]
    lines += ["  try_files {path} {path}.html {path}/index.html"]
    for header in headers:
        value = f'"{header.usual}"'
        if header.rules:
            value = f"{{onpage_{_word(header)}}}"
            lines += [f"  map {{path}} {value} {{"]
            lines += [f'    ~{_pattern(path)} "{other}"' for path, other in header.rules.items()]
            lines += [f'    default "{header.usual}"', "  }"]
        lines += [f"  header {header.name} {value}"]
    if _allows(headers):
        lines += ["  @preflight method OPTIONS", "  respond @preflight 204"]
    types = {f"path *{suffix}": kind for suffix, kind in by_suffix.items() if suffix != ".html"}
    types |= {f"path_regexp {_pattern(path)}": kind for path, kind in by_path.items()}
    for number, (matcher, kind) in enumerate(types.items()):
        charset = "; charset=utf-8" if kind in COMPRESSED else ""
        lines += [f"  @type_{number} {matcher}", f'  header @type_{number} Content-Type "{kind}{charset}"']
    lines += ["  header ?Content-Type application/octet-stream"]
    return "\n".join([*lines, "  file_server {", "    precompressed br gzip", "  }", "}", ""])


def headers_file(headers: Sequence[Header], by_path: Mapping[str, str]) -> str:
    """`_headers` of Netlify and Cloudflare Pages. They join the values of all rules that fit, so a header with rules has no other."""
    blocks: dict[str, list[str]] = {"/*": []}
    for header in headers:
        if header.usual and not header.rules:
            blocks["/*"].append(f"{header.name}: {header.usual}")
        for path, value in header.rules.items():
            blocks.setdefault(f"/{path}*" if path.endswith("/") else f"/{path}", []).append(f"{header.name}: {value}")
    for path, kind in by_path.items():
        blocks.setdefault(f"/{path}", []).append(f"Content-Type: {kind}")
    return "\n".join(line for path, lines in blocks.items() for line in (path, *(f"  {each}" for each in lines))) + "\n"


def readme(models: Sequence[Mapping[str, Any]], version: str) -> str:
    """For a Hugging Face Space, and for whoever finds the files."""
    rows = [
        f"| {_cell(model['name'])} | {sum(file['size'] for file in model['files']) / 1e6:,.1f} MB | {_licence(model)} |"
        for model in models
    ]
    return "\n".join(
        (
            "---",
            "title: onpage",
            "emoji: 📝",
            "colorFrom: yellow",
            "colorTo: gray",
            "sdk: static",
            "app_file: index.html",
            "pinned: false",
            "custom_headers:",
            "  cross-origin-embedder-policy: require-corp",
            "  cross-origin-opener-policy: same-origin",
            "  cross-origin-resource-policy: cross-origin",
            "---",
            "",
            "# onpage",
            "",
            f"A page that runs a language model inside the browser, written by `onpage export` of onpage {version}. No text leaves the browser.",
            "The lines above are for a Hugging Face Space. `hosting/` has the headers for nginx and Caddy, `_headers` those for Netlify and",
            "Cloudflare Pages, `onpage-export.json` the sha256 of every file. `static/vendor/NOTICES.txt` has the licences of the software.",
            "",
            "| model | size | licence |",
            "| --- | --- | --- |",
            *rows,
            "",
        )
    )


def _allows(headers: Sequence[Header]) -> bool:
    """Whether pages of other origins may ask, which some requests do beforehand."""
    return any(header.name == "Access-Control-Allow-Origin" for header in headers)


def _word(header: Header) -> str:
    return re.sub("[^a-z]+", "_", header.name.lower())


def _pattern(path: str) -> str:
    """A regular expression for one file, or for all below a folder, wherever the site lies."""
    return f"/{re.escape(path)}" + ("" if path.endswith("/") else "$")


def _licence(model: Mapping[str, Any]) -> str:
    licence = model["licence"]
    if licence is None:
        return "Apache-2.0, as onpage" if model["demo"] else "not known"
    name = _cell(str(licence["name"]))
    return f"[{name}]({licence['page']})" if licence["page"] else name


def _cell(text: str) -> str:
    """Text of a model's file in a table: never markup."""
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", " ".join(text.split()))
