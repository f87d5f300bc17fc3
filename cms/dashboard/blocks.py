"""Pages made of blocks that can be fetched again alone: `{{ blocks.now }}` in the page, `{% live "now" "station:12" %}` on the
block's own root element. When htmx names a block as the target, the page's address answers with that block and asks the
database for nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string


@dataclass(frozen=True, slots=True)
class Block:
    """`context` is called only when the block is drawn."""

    template: str
    context: Callable[[], Mapping[str, Any]]


def page(
    request: HttpRequest, template: str, context: Mapping[str, Any], blocks: Mapping[str, Block], status: int = 200
) -> HttpResponse:
    wanted = blocks.get(request.headers.get("HX-Target", "")) if request.headers.get("HX-Request") else None
    if wanted:
        return render(request, wanted.template, {**context, **wanted.context()})
    drawn = {
        name: render_to_string(block.template, {**context, **block.context()}, request)
        for name, block in blocks.items()
    }
    return render(request, template, {**context, "blocks": drawn}, status=status)
