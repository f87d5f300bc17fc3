"""Hears the doorbells: one Redis subscription per gateway process, whatever the number of its stations.

Without Redis nothing is lost: gateways ask every few seconds what waits (`OutboxesPolled`).
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

from stations import doorbell

logger = logging.getLogger(__name__)

RETRY_S = 1


async def listen(ring: Callable[[int], None]) -> None:
    """Runs for ever; calls back with the primary key of each station whose bell is rung."""
    hears = True
    while True:
        try:
            async with _client() as client, client.pubsub() as subscription:
                await subscription.subscribe(doorbell.CHANNEL)
                if not hears:
                    logger.warning("The doorbell works again")
                hears = True
                async for message in subscription.listen():
                    if message["type"] == "message" and (number := message["data"]).isdigit():
                        ring(int(number))
        except (RedisError, OSError) as error:
            if hears:
                logger.warning("No doorbell (%s); commands are looked for every few seconds", error)
            hears = False
        await asyncio.sleep(RETRY_S)


def _client() -> Any:
    # redis-py gives up reading after 5 s by default, but a bell may be silent for days
    return redis.asyncio.from_url(settings.REDIS_URL, socket_timeout=None, socket_keepalive=True)
