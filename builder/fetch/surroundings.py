"""What the environment says of the way to other machines: proxies and certificates, each named by its variable when it is wrong.

httpx reads the variables itself and would fail in its own words, some of them at the first request only. A proxy's address may
hold a password, so no sentence repeats one.
"""

from __future__ import annotations

import os
import ssl
from importlib.util import find_spec
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import httpx2

from builder.errors import FetchError

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


def check_surroundings() -> None:
    """FetchError where a proxy or a file of certificates cannot be used, before anything is asked of anybody."""
    for scheme in ("http", "https", "all"):
        if address := getproxies().get(scheme):
            _check_proxy(address, _variable(scheme))
    if file := os.environ.get("SSL_CERT_FILE"):
        _check_certificates(Path(file))
    elif (folder := os.environ.get("SSL_CERT_DIR")) and not any(map(os.path.isdir, folder.split(os.pathsep))):
        raise FetchError(
            f"SSL_CERT_DIR names {folder}, which is not a folder: name a folder of certificates, or unset the variable.",
            subject="SSL_CERT_DIR",
        )


def proxy_for(url: httpx2.URL) -> str | None:
    """What names the proxy between here and `url`, a variable or the system's settings; None where there is none."""
    proxies = getproxies()
    scheme = next((each for each in (url.scheme, "all") if proxies.get(each)), None)
    return None if scheme is None or proxy_bypass(url.host) else _variable(scheme)


def _check_proxy(address: str, variable: str) -> None:
    try:
        url = httpx2.URL(address if "://" in address else f"http://{address}")
    except (httpx2.InvalidURL, ValueError):
        url = httpx2.URL()
    if url.scheme and url.scheme not in PROXY_SCHEMES:
        raise FetchError(
            f"{variable} names a proxy of the kind {url.scheme}: expected {', '.join(PROXY_SCHEMES[:-1])} or {PROXY_SCHEMES[-1]}.",
            subject=variable,
        )
    if not url.host:
        raise FetchError(
            f"{variable} is not the address of a proxy: set it to http://HOST:PORT, or unset it.", subject=variable
        )
    if url.scheme.startswith("socks") and not find_spec("socksio"):
        raise FetchError(
            f"{variable} names a SOCKS proxy, which needs socksio: run pip install 'onpage[socks]'.",
            subject=variable,
        )


def _check_certificates(file: Path) -> None:
    try:
        ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        reason = "holds no certificates"
    except OSError as error:
        reason = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
    else:
        return
    raise FetchError(
        f"SSL_CERT_FILE names {file}, which {reason}: name a file of certificates (PEM), or unset the variable.",
        subject="SSL_CERT_FILE",
    )


def _variable(scheme: str) -> str:
    """The variable that names the proxy for a scheme, as it is written in this environment."""
    names = (f"{scheme}_proxy", f"{scheme}_PROXY", f"{scheme.upper()}_PROXY")
    return next((name for name in names if os.environ.get(name)), "the system's proxy setting")
