"""Who listens: a network that nobody looks at costs nothing to push. Redis knows the subscribers, so we keep no list of them."""

import functools

import redis
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings

_GROUP = "asgi__group__"  # how the layer names its groups in Redis


def groups() -> set[str] | None:
    """The groups of topics (`topics.group`) with a subscriber in any process; None where nobody can tell."""
    if not isinstance(get_channel_layer(), RedisPubSubChannelLayer):
        return None
    try:
        channels = _client().pubsub_channels(f"{_GROUP}live.*")
    except (OSError, redis.RedisError):
        return None
    return {channel.decode().removeprefix(_GROUP) for channel in channels}  # type: ignore[union-attr]


@functools.cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)
