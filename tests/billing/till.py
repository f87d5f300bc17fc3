"""The fake provider with a counter: what moved, by key, as a provider's own books would say, and a switch for its bad days."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from billing.payments import declines, fake_gateway
from billing.payments.gateway import Declined, Given, Intent, Order
from cms.core.errors import Unavailable


class Till(fake_gateway.FakeGateway):
    """`away`: no answer. `declines`: the reason everything new is refused with. `before_answer` is called once, between asking
    and the answer. `moved`: by key, money that came (positive) or went."""

    def __init__(self) -> None:
        self.moved: dict[str, Decimal] = {}
        self.asked: list[str] = []
        self.away = False
        self.declines = ""
        self.before_answer: Callable[[], Any] | None = None

    @property
    def balance(self) -> Decimal:
        return sum(self.moved.values(), Decimal(0))

    def place(self, order: Order, *, key: str) -> Intent:
        self._open(f"place {key}")
        if self.declines:
            raise Declined(self.declines, declines.sentence(self.declines))
        intent = super().place(order, key=key)
        if intent.captured:
            self.moved[key] = intent.captured
        return intent

    def capture(self, **asked: Any) -> Intent:
        self._open(f"capture {asked['key']}")
        intent = super().capture(**asked)
        self.moved[asked["intent"]] = intent.captured
        return intent

    def increment(self, **asked: Any) -> Intent:
        self._open(f"increment {asked['key']}")
        return super().increment(**asked)

    def release(self, **asked: Any) -> Intent:
        self._open(f"release {asked['key']}")
        return super().release(**asked)

    def refund(self, **asked: Any) -> Given:
        self._open(f"refund {asked['key']}")
        given = super().refund(**asked)
        self.moved[asked["key"]] = -given.amount
        return given

    def _open(self, what: str) -> None:
        self.asked.append(what)
        if self.away:
            raise Unavailable("the provider does not answer")
        first, self.before_answer = self.before_answer, None
        if first is not None:
            first()
