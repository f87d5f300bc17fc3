"""A mail about one thing goes out once."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import SentMail
from accounts.notifications import once
from cms.core.errors import Unavailable

pytestmark = pytest.mark.django_db


class Postman:
    def __init__(self, fails: int = 0) -> None:
        self.delivered, self.fails = 0, fails

    def __call__(self) -> None:
        if self.fails:
            self.fails -= 1
            raise Unavailable("The mail could not be sent.")
        self.delivered += 1


def test_the_second_time_is_boring() -> None:
    postman = Postman()
    assert once.send(key="receipt:1", to="dario@driver.example", deliver=postman) is True
    assert once.send(key="receipt:1", to="dario@driver.example", deliver=postman) is False
    assert postman.delivered == 1
    mail = once.sent(key="receipt:1")
    assert mail is not None
    assert mail.recipient == "dario@driver.example"


def test_another_key_is_another_mail() -> None:
    postman = Postman()
    once.send(key="receipt:1", to="dario@driver.example", deliver=postman)
    assert once.send(key="receipt:2", to="dario@driver.example", deliver=postman) is True
    assert postman.delivered == 2


def test_a_failed_delivery_is_passed_on_and_may_be_tried_again() -> None:
    postman = Postman(fails=1)
    with pytest.raises(Unavailable):
        once.send(key="receipt:1", to="dario@driver.example", deliver=postman)
    assert once.sent(key="receipt:1") is None
    assert once.send(key="receipt:1", to="dario@driver.example", deliver=postman) is True


def test_what_is_being_sent_is_left_alone_until_its_sender_was_surely_killed() -> None:
    claimed = timezone.now()
    SentMail.objects.create(key="receipt:1", recipient="dario@driver.example", claimed_at=claimed)
    postman = Postman()
    with time_machine.travel(claimed + timedelta(minutes=9), tick=False):
        assert once.send(key="receipt:1", to="dario@driver.example", deliver=postman) is False
    with time_machine.travel(claimed + timedelta(minutes=11), tick=False):
        assert once.send(key="receipt:1", to="dario@driver.example", deliver=postman) is True
    assert postman.delivered == 1


def test_what_was_sent_long_ago_is_forgotten_and_the_rest_stays() -> None:
    now = timezone.now()
    for key, days in (("old", 91), ("young", 89)):
        SentMail.objects.create(key=key, recipient="dario@driver.example", sent_at=now - timedelta(days=days))
    SentMail.objects.create(key="waiting", recipient="dario@driver.example")
    assert once.forget_old() == 1
    assert set(SentMail.objects.values_list("key", flat=True)) == {"young", "waiting"}
