"""The map's tiles come from the one other host that pages may talk to (settings.TILE_URL), and only pages with a map may."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings


def tile_source() -> str:
    """The tiles' origin for `img-src`; `{s}` in the host (a.tile…, b.tile…) becomes a wildcard."""
    parts = urlsplit(settings.TILE_URL)
    return f"{parts.scheme}://{parts.netloc.replace('{s}', '*')}"


def with_tiles(view: Callable[..., Any]) -> Callable[..., Any]:
    return csp_update({"img-src": [tile_source()]})(view)
