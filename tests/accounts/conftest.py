"""Journeys through sign-in start with fresh limits, and every mail is at hand."""

import re
from collections.abc import Iterator

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def last_mail() -> EmailMultiAlternatives:
    return mail.outbox[-1]


def code_in_last_mail() -> str:
    return re.search(r"^    (\S+)$", last_mail().body, re.MULTILINE)[1]
