"""`make run`: everything under var/, a secret key of its own, demo logins unless DEMO=0."""

import secrets

from .base import *
from .base import SECRET_KEY, VAR_DIR, env

DEMO = env.bool("DEMO", True)
PORT = env.int("PORT", 8000)
PUBLIC_URL = env.str("PUBLIC_URL", f"http://localhost:{PORT}")

if not SECRET_KEY:
    _file = VAR_DIR / "secret_key"
    if not _file.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        _file.write_text(secrets.token_urlsafe(50))
        _file.chmod(0o600)
    SECRET_KEY = _file.read_text().strip()
