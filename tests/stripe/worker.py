"""A worker that dies at each line in turn: `python -m tests.stripe.worker <every> <scenario> …` with DATABASE_URL and STRIPE_* in the
environment. Prints one JSON object: what our own books say of each try.

Each try is a process of its own (fork): a tracer counts the lines that run in the code which moves money, and at the chosen one the
process ends with os._exit, as with SIGKILL: nothing is rolled back, closed or said. Then the sweeps run, then whoever asked asks
once more, as a task that was not acknowledged does. `every` picks each so many-th line.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from types import FrameType
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, connections  # noqa: E402

from billing import tasks  # noqa: E402
from billing.models import CDR, Payment, PaymentMethod, PaymentStep  # noqa: E402
from billing.services.cards import holds, payments, refunds  # noqa: E402
from billing.services.debts import settling  # noqa: E402
from billing.tasks import payments as payment_tasks  # noqa: E402
from tests.factories.billing import CDRFactory  # noqa: E402

TRACED = ("/billing/services/", "/billing/payments/")
KILLED = 9
TEN = Decimal(10)

payments.ANSWERED_WITHIN = payment_tasks.STUCK = timedelta(0)  # the sweep does not wait for anybody


class Killer:
    """Ends the process at the `line`-th line that runs in traced files."""

    def __init__(self, line: int) -> None:
        self.left = line

    def __call__(self, frame: FrameType, event: str, _: Any) -> "Killer | None":
        if not any(part in frame.f_code.co_filename for part in TRACED):
            return None
        if event == "line":
            self.left -= 1
            if self.left <= 0:
                os._exit(KILLED)
        return self


def card() -> PaymentMethod:
    return PaymentMethod.objects.get(last4="4242")


def facts(key: str) -> dict[str, Any]:
    method = card()
    return {
        "operator": method.operator,
        "driver": method.driver,
        "method": method,
        "currency": "EUR",
        "key": key,
        "purpose": Payment.Purpose.CHARGE,
    }


def hold(key: str, cdr: CDR) -> None:
    holds.place(amount=TEN, **facts(key))


def charge(key: str, cdr: CDR) -> None:
    payments.charge(amount=TEN, **facts(key))


def capture(key: str, cdr: CDR) -> None:
    holds.capture(payment=Payment.objects.get(idempotency_key=key), amount=Decimal("7.40"))


def release(key: str, cdr: CDR) -> None:
    holds.release(payment=Payment.objects.get(idempotency_key=key))


def refund(key: str, cdr: CDR) -> None:
    payment = Payment.objects.get(idempotency_key=key)
    refunds.give(payment=payment, amount=Decimal("4.00"), reason="late", by=None, key=f"{key}-back")


def settle(key: str, cdr: CDR) -> None:
    """12.20 with 10.00 held: the hold is captured, the rest charged."""
    settling.settle(cdr_id=cdr.pk)


def held_for_session(key: str, cdr: CDR) -> None:
    holds.place(amount=TEN, session=cdr.session, **facts(key))


# what is done before, whole, and what is killed
SCENARIOS: dict[str, tuple[Callable[[str, CDR], None] | None, Callable[[str, CDR], None]]] = {
    "hold": (None, hold),
    "charge": (None, charge),
    "capture": (hold, capture),
    "release": (hold, release),
    "refund": (charge, refund),
    "settle": (held_for_session, settle),
}


def killed(do: Callable[[str, CDR], None], key: str, cdr: CDR, line: int) -> bool:
    """False: it came to its end before that line."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            sys.settrace(Killer(line))
            do(key, cdr)
            sys.settrace(None)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED


def sweep() -> None:
    tasks.finish_payment_steps()
    tasks.collect_due()


def tried(name: str, line: int) -> tuple[dict[str, Any], bool]:
    before, do = SCENARIOS[name]
    key = f"{name}-{line}"
    cdr = CDRFactory(driver=card().driver) if name == "settle" else CDR()
    if before is not None:
        before(key, cdr)
    died = killed(do, key, cdr, line)
    sweep()
    swept = books(key, cdr)
    do(key, cdr)
    return {"scenario": name, "line": line, "swept": swept, "after": books(key, cdr)}, died


def books(key: str, cdr: CDR) -> list[dict[str, Any]]:
    mine = Payment.objects.filter(cdr=cdr) if cdr.pk else Payment.objects.none()
    rows = (mine | Payment.objects.filter(idempotency_key=key)).distinct().order_by("pk")
    names = ("idempotency_key", "status", "gateway_id", "captured", "refunded")
    pending = PaymentStep.objects.filter(payment__in=rows, status=PaymentStep.Status.PENDING).count()
    return [{**{name: str(getattr(row, name)) for name in names}, "pending": pending} for row in rows]


def main() -> None:
    every, names = int(sys.argv[1]), sys.argv[2:]
    told = []
    for name in names:
        line, died = 1, True
        while died:
            one, died = tried(name, line)
            told.append({**one, "died": died})
            line += every
    print(json.dumps(told))


if __name__ == "__main__":
    assert settings.PAYMENT_GATEWAY == "stripe", "STRIPE_API_KEY"
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=OFF")
    main()
