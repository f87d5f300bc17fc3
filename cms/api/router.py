"""API v1: every room brings `api/routes.py` with `register(router)`; here they become one."""

from importlib import import_module
from importlib.util import find_spec

from rest_framework.permissions import IsAuthenticated
from rest_framework.routers import APIRootView, DefaultRouter

ROOMS = ("accounts", "stations", "sessions_app", "billing")


class Index(APIRootView):
    """What there is, with addresses: for every key."""

    permission_classes = [IsAuthenticated]


class Router(DefaultRouter):
    APIRootView = Index
    include_format_suffixes = False


def assembled() -> DefaultRouter:
    router = Router()
    for room in ROOMS:
        if find_spec(f"{room}.api") and find_spec(f"{room}.api.routes"):
            import_module(f"{room}.api.routes").register(router)
    return router
