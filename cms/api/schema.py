"""The OpenAPI description and its page."""

from collections.abc import Iterator
from typing import Any

from csp.decorators import csp_update
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from .auth import ApiKeyAuthentication


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = ApiKeyAuthentication
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token <key>`"}


_SAID = {
    "type": "object",
    "properties": {"detail": {"type": "string"}, "code": {"type": "string"}},
    "required": ["detail", "code"],
}
_WRONG = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
_REFUSALS = {
    "400": ("Wrong", "What is wrong, by field; `non_field_errors` for the whole"),
    "401": ("Refusal", "No key, or one that is not valid"),
    "403": ("Refusal", "The key's role does not allow this"),
    "404": ("Refusal", "Unknown, or another operator's"),
    "409": ("Refusal", "The state does not allow this now: `code` says why"),
}


def with_refusals(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """Says of every operation how it refuses (api-contract §1)."""
    result["components"]["schemas"] |= {"Refusal": _SAID, "Wrong": _WRONG}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for status in _statuses(path, method, operation):
                component, sentence = _REFUSALS[status]
                body = {"application/json": {"schema": {"$ref": f"#/components/schemas/{component}"}}}
                operation["responses"].setdefault(status, {"description": sentence, "content": body})
    return result


def _statuses(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield from ("401", "403")
    if "requestBody" in operation or any(given["in"] == "query" for given in operation.get("parameters", ())):
        yield "400"
    if "{" in path or "page" in {given["name"] for given in operation.get("parameters", ())}:
        yield "404"
    if "{" in path and (method in ("post", "delete") or path.endswith(_WAITED_FOR)):
        yield "409"


_WAITED_FOR = "/fatturapa/"  # made by a task, or not at all where something is missing


description = SpectacularAPIView.as_view()

# Swagger UI writes style attributes; its script comes from our own address. This page alone may do so.
page = csp_update({"style-src": ["'unsafe-inline'"]})(SpectacularSwaggerSplitView.as_view(url_name="api-schema"))
