"""Bodies: JSON with exact numbers, and a clear word for what is none."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from cms.core import exact_json


class ExactJSONParser(JSONParser):
    def parse(self, stream: Any, media_type: Any = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            return exact_json.loads(stream.read().decode("utf-8-sig"))
        except ValueError as broken:
            raise ParseError(_("This is not JSON: %(why)s") % {"why": broken}) from broken
