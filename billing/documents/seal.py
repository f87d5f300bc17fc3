"""The corner of a receipt that leads to what the meter signed: the address and its QR code."""

import io

import segno
from django.conf import settings

from sessions_app.selectors import proof


def address(session_id: int) -> str:
    """Of the charge's public verification page (cms.portal), "" where nothing was signed."""
    token = proof.token_of(session_id)
    return f"{settings.PUBLIC_URL.rstrip('/')}/verify/{token}/" if token else ""


def qr(address: str) -> str:
    """SVG text, error correction M."""
    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="svg", scale=4, border=2, light="white", xmldecl=False)
    return out.getvalue().decode()
