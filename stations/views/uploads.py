"""The receiver of log files: /uploads/<one-time token>/[name]. The stranger at this door is a charging station.

PUT with the file as the body (OCPP's HTTP upload), or POST: multipart as a browser would, else the body itself (2.0.1 N01).
"""

import logging
from collections.abc import Iterator
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cms.core.errors import DomainError
from stations.diagnostics import logs

logger = logging.getLogger(__name__)

CHUNK = 64 * 1024
TOO_LARGE = 413


@csrf_exempt
@require_http_methods(["PUT", "POST"])
def receive(request: HttpRequest, token: UUID, name: str = "") -> HttpResponse:
    try:
        log = logs.expected(token)
        if int(request.META.get("CONTENT_LENGTH") or 0) > logs.LARGEST:
            return _said(TOO_LARGE, _("The file is too large."))
        label, chunks = _content(request, name)
        kept = logs.receive(log=log, name=label, chunks=chunks)
    except DomainError as refused:
        return _said(TOO_LARGE if refused.code == "too_large" else refused.http_status, refused.text)
    logger.info("log received station=%s request=%s size=%s", kept.station_id, kept.request_id, kept.size)
    return _said(201, _("Received."))


def _content(request: HttpRequest, name: str) -> tuple[str, Iterator[bytes]]:
    """What it is called (a label only, never a path of ours), and its bytes as they come."""
    label = _label(name)
    if request.method == "POST" and request.content_type == "multipart/form-data":
        file = next(iter(request.FILES.values()), None)
        if isinstance(file, UploadedFile):
            return label or _label(file.name or ""), iter(file.chunks(CHUNK))
    return label, iter(lambda: request.read(CHUNK), b"")


def _label(name: str) -> str:
    return "".join(sign for sign in name if sign.isprintable()).replace("\\", "/").rpartition("/")[2]


def _said(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
