"""`make run`: everything under var/, a secret key of its own, demo logins unless DEMO=0."""

import secrets

from .base import *
from .base import SECRET_KEY, STORAGES, VAR_DIR, env

# served straight from the source folders: nothing to collect before the first page
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True

DEMO = env.truth("DEMO", True)

if not SECRET_KEY:
    _file = VAR_DIR / "secret_key"
    if not _file.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        _file.write_text(secrets.token_urlsafe(50))
        _file.chmod(0o600)
    SECRET_KEY = _file.read_text().strip()
