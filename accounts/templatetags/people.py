"""What account pages say about a person's browser: what it was about to do, and what it is."""

import re
from urllib.parse import unquote, urlsplit

from django import template
from django.http import HttpRequest
from django.utils.translation import gettext as _

register = template.Library()

# The first that fits: Edge and Opera also call themselves Chrome, Chrome also calls itself Safari.
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@register.filter
def evse_ahead(request: HttpRequest) -> str:
    """The EVSE id or short code of the QR page that `next` leads back to, "" for anything else."""
    came_from = request.POST.get("next") or request.GET.get("next", "")
    match = re.match(r"\A/c/([^/]{1,48})/", unquote(urlsplit(came_from).path) + "/")
    return match[1] if match else ""


@register.filter
def browser(user_agent: str) -> str:
    """`Firefox, Android` of a User-Agent header; "unknown browser" where it says nothing we know."""
    words = (next((word for sign, word in table if sign in user_agent), "") for table in (_BROWSERS, _SYSTEMS))
    return ", ".join(filter(None, words)) or _("unknown browser")
