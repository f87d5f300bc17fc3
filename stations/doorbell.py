"""ring(station): the only line that wakes an outbox. The bell carries no data, and a lost one costs a few seconds:
outboxes look for themselves as well."""

import logging
from functools import cache, partial

import redis
from django.conf import settings
from django.db import transaction

CHANNEL = "colonnina:bell"
logger = logging.getLogger(__name__)


class _Line:
    """Whether Redis answered last time: only a change is worth a line in the log."""

    up = True


def ring(station_id: int) -> None:
    """Once this transaction is committed: whichever gateway holds the station's socket looks for commands."""
    transaction.on_commit(partial(_publish, station_id), robust=True)


def _publish(station_id: int) -> None:
    try:
        client().publish(CHANNEL, str(station_id))
    except redis.RedisError as why:
        _note(up=False, why=str(why))
    else:
        _note(up=True)


@cache
def client() -> "redis.Redis":
    """Made at the first ring. Short time-outs: nobody waits for a bell."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=1)


def _note(*, up: bool, why: str = "") -> None:
    if up != _Line.up:
        _Line.up = up
        logger.log(
            logging.INFO if up else logging.WARNING, "doorbell %s %s", "works again" if up else "is silent:", why
        )
