"""The browser's WebSocket at /live/. It says `{"subscribe": ["station:12", …]}` whenever the blocks on its page change;
it hears `{"topics": ["station:12"]}` when something moved."""

import json
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import AnonymousUser

from cms.live import topics

MOST_TEXT = 32_768


class LiveConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.listening: set[str] = set()
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        asked = _asked(text_data)
        if asked is None:
            await self._say({"error": 'Say {"subscribe": ["topic", …]}.'})
            return
        viewer = self.scope.get("user") or AnonymousUser()
        wanted = await database_sync_to_async(topics.allowed)(viewer, asked)
        for topic in wanted - self.listening:
            await self.channel_layer.group_add(topics.group(topic), self.channel_name)
        for topic in self.listening - wanted:
            await self.channel_layer.group_discard(topics.group(topic), self.channel_name)
        self.listening = wanted
        await self._say({"subscribed": sorted(wanted)})

    async def topic_moved(self, message: dict[str, Any]) -> None:
        """From the channel layer (receivers.py)."""
        if message["topic"] in self.listening:
            await self._say({"topics": [message["topic"]]})

    async def disconnect(self, code: int) -> None:
        for topic in getattr(self, "listening", ()):
            await self.channel_layer.group_discard(topics.group(topic), self.channel_name)

    async def _say(self, what: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(what))


def _asked(text: str | None) -> list[Any] | None:
    """The list of topics, None for anything else."""
    if not text or len(text) > MOST_TEXT:
        return None
    try:
        asked = json.loads(text)
    except ValueError:
        return None
    topics_asked = asked.get("subscribe") if isinstance(asked, dict) else None
    return topics_asked if isinstance(topics_asked, list) else None
