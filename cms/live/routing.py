"""What cms.asgi mounts for browsers' WebSockets: same origin, with the session's user."""

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path

from cms.live.consumer import LiveConsumer

application = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter([path("live/", LiveConsumer.as_asgi())])))
