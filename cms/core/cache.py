"""A cache that misses while Redis is away: nothing true lives there, so nobody is kept out because of it."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def _tolerant(method: Callable[..., Any], missed: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except RedisError as away:
            logger.warning("cache away operation=%s error=%s", method.__name__, away)
            return missed(*args[1:], **kwargs)

    return call


class RedisOrNothing(RedisCache):
    """What sign-in limits and the like need of a cache; the rest raises as Django's does."""

    get = _tolerant(RedisCache.get, lambda key, default=None, version=None: default)
    set = _tolerant(RedisCache.set, lambda *args, **kwargs: None)
    add = _tolerant(RedisCache.add, lambda *args, **kwargs: True)
    delete = _tolerant(RedisCache.delete, lambda *args, **kwargs: False)
    get_many = _tolerant(RedisCache.get_many, lambda *args, **kwargs: {})
