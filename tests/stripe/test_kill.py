"""Kill the worker at any line: never two charges, never a lost one. Ours against what localstripe says in the end.

By default at each so many-th line that runs (EVERY); `--every-line` is the long variant."""

import json
import os
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Operator
from billing.models import PaymentCustomer
from tests.factories import DriverFactory, OperatorFactory, UserFactory
from tests.factories.billing import PaymentMethodFactory
from tests.scenarios.conftest import start_live_server  # noqa: F401 (a fixture)
from tests.scenarios.live import LiveServer

from .conftest import KEY, Provider

ROOT = Path(__file__).resolve().parents[2]
EVERY = 41
SCENARIOS = ("hold", "charge", "capture", "release", "refund", "settle")

# the database mark: so that the tests' own is there to be copied
pytestmark = [pytest.mark.any_database, pytest.mark.django_db, pytest.mark.timeout(7200)]

# the state in the end, and what came in and stayed
ENDS = {
    "hold": ({"authorized": 1}, "0"),
    "charge": ({"captured": 1}, "10"),
    "capture": ({"captured": 1}, "7.4"),
    "release": ({"released": 1}, "0"),
    "refund": ({"captured": 1}, "6"),
    "settle": ({"captured": 2}, "12.2"),
}


@pytest.fixture(scope="module")
def told(
    localstripe: Provider,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: Any,
    django_db_setup: None,
    request: pytest.FixtureRequest,
) -> list[dict[str, Any]]:
    """Everything the worker tried, with a database of its own."""
    server = LiveServer(tmp_path_factory.mktemp("kill"), django_db_blocker.unblock)
    server._fill()
    try:
        with server.orm():
            _cast(localstripe)
        if not request.config.getoption("--every-line"):
            return _worked(server, localstripe, EVERY, *SCENARIOS)
        return [one for name in SCENARIOS for one in _worked(server, localstripe, 1, name)]
    finally:
        server.close()


def _cast(provider: Provider) -> None:
    operator: Operator = OperatorFactory(slug="rete-adriatica")
    driver = DriverFactory(operator=operator, user=UserFactory(email="dario@driver.example"))
    customer = provider.ask("POST", "/v1/customers", email="dario@driver.example")["id"]
    PaymentCustomer.objects.create(operator=operator, driver=driver, gateway="stripe", gateway_id=customer)
    PaymentMethodFactory(driver=driver, gateway="stripe", gateway_id=provider.card(customer=customer))


def _worked(server: LiveServer, provider: Provider, every: int, *names: str) -> list[dict[str, Any]]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "cms.settings.test",
        "DATABASE_URL": server.database_url,
        "STRIPE_API_KEY": KEY,
        "STRIPE_API_BASE": provider.proxy.url,
    }
    command = [sys.executable, "-m", "tests.stripe.worker", str(every), *names]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_worker_that_is_killed_loses_and_doubles_nothing(
    told: list[dict[str, Any]], localstripe: Provider, name: str
) -> None:
    tries = [one for one in told if one["scenario"] == name]
    assert len(tries) >= 4
    assert [one["died"] for one in tries] == [True] * (len(tries) - 1) + [False]
    theirs = _by_key(localstripe)
    for one in tries:
        states, kept = ENDS[name]
        ours = one["after"]
        assert (Counter(row["status"] for row in ours), _kept(ours)) == (states, Decimal(kept)), one
        assert {row["pending"] for row in [*ours, *one["swept"]]} <= {0}, one
        assert [row for row in one["swept"] if row["status"] == "pending"] == [], one
        for row in ours:
            (intent,) = theirs[row["idempotency_key"]]
            assert (intent["id"], _status(intent), _stayed(intent)) == (
                row["gateway_id"],
                row["status"],
                _kept([row]),
            ), one


def test_no_payment_is_at_the_provider_that_we_do_not_know(told: list[dict[str, Any]], localstripe: Provider) -> None:
    known = {row["idempotency_key"] for one in told for row in one["after"]}
    mine = {key for key in _by_key(localstripe) if key.split("-")[0] in (*SCENARIOS, "cdr")}
    assert mine == known
    assert len(told) > len(SCENARIOS) * 4


def _by_key(provider: Provider) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for intent in provider.all("payment_intents"):
        found.setdefault(intent["metadata"].get("key", ""), []).append(intent)
    return found


def _kept(rows: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(row["captured"]) - Decimal(row["refunded"]) for row in rows), Decimal(0))


def _status(intent: dict[str, Any]) -> str:
    return {"requires_capture": "authorized", "succeeded": "captured", "canceled": "released"}[intent["status"]]


def _stayed(intent: dict[str, Any]) -> Decimal:
    """Refunds include what a partial capture let go."""
    charge = intent["latest_charge"]
    if intent["status"] != "succeeded":
        return Decimal(0)
    return Decimal(charge["amount"] - charge["amount_refunded"]) / 100
