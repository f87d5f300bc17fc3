"""What a station carries over HTTP: its diagnostics, uploaded with PUT, with POST where PUT is not allowed."""

import asyncio
import urllib.error
import urllib.request

TIMEOUT_S = 30


class UploadFailed(Exception):
    """The address could not be reached, or it refused the file."""


async def upload(url: str, name: str, content: bytes) -> None:
    """To `url` as given; a folder (`…/`) gets the file's name appended. Raises UploadFailed."""
    if not url.startswith(("http://", "https://")):
        raise UploadFailed(f"cannot upload to {url.partition(':')[0]}")
    target = url + name if url.endswith("/") else url
    await asyncio.to_thread(_send, target, name, content)


def _send(url: str, name: str, content: bytes) -> None:
    try:
        _request("PUT", url, name, content)
    except urllib.error.HTTPError as refused:
        if refused.code != 405:
            raise UploadFailed(str(refused)) from refused
        _retry(url, name, content)
    except OSError as unreachable:
        raise UploadFailed(str(unreachable)) from unreachable


def _retry(url: str, name: str, content: bytes) -> None:
    try:
        _request("POST", url, name, content)
    except OSError as refused:
        raise UploadFailed(str(refused)) from refused


def _request(method: str, url: str, name: str, content: bytes) -> None:
    headers = {"Content-Type": "application/octet-stream", "Content-Disposition": f'attachment; filename="{name}"'}
    request = urllib.request.Request(url, data=content, method=method, headers=headers)  # noqa: S310 - http(s) only, see upload
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=TIMEOUT_S):
        pass
