"""API v1: every room brings `api/routes.py` with `register(router)`; here they become one."""

from importlib import import_module
from importlib.util import find_spec

from rest_framework.routers import DefaultRouter

ROOMS = ("accounts", "stations", "sessions_app", "billing")


def assembled() -> DefaultRouter:
    router = DefaultRouter()
    router.include_format_suffixes = False
    for room in ROOMS:
        if find_spec(f"{room}.api") and find_spec(f"{room}.api.routes"):
            import_module(f"{room}.api.routes").register(router)
    return router
