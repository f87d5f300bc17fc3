"""localstripe as a process of its own (it is GPL, and never imported), behind our proxy."""

import http.client
import json
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from billing.payments.stripe_gateway import StripeGateway
from tests.scenarios.live import free_port

from .proxy import Proxy

KEY = "sk_test_colonnina"
PATIENCE_S = 20


class Provider:
    """`proxy` is what the gateway talks to; `all` what localstripe itself says."""

    def __init__(self, folder: Any) -> None:
        self.port = free_port()
        with open(folder / "localstripe.log", "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "localstripe", "--port", str(self.port), "--from-scratch"],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait()
        self.proxy = Proxy(self.port)

    def all(self, kind: str, **wish: str) -> list[dict[str, Any]]:
        """Objects of one kind: payment_intents, refunds, charges, customers, balance_transactions."""
        found: list[dict[str, Any]] = self.ask(
            "GET", f"/v1/{kind}?{urllib.parse.urlencode({'limit': 10_000, **wish})}"
        )["data"]
        return found

    def ask(self, method: str, path: str, **params: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, urllib.parse.urlencode(params) or None, headers)
        answer = connection.getresponse()
        said = answer.read()
        body = json.loads(said) if said.startswith(b"{") else {}
        connection.close()
        assert answer.status == 200, body
        return body

    def card(self, number: str = "4242424242424242", *, customer: str = "") -> str:
        """The reference of a card that somebody typed into the provider's page."""
        card = {"number": number, "exp_month": "12", "exp_year": "2034", "cvc": "123"}
        params = {"type": "card", **{f"card[{name}]": value for name, value in card.items()}}
        reference = str(self.ask("POST", "/v1/payment_methods", **params)["id"])
        if customer:
            self.ask("POST", f"/v1/payment_methods/{reference}/attach", customer=customer)
        return reference

    def close(self) -> None:
        self.proxy.close()
        self.process.terminate()
        self.process.wait(10)

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                self.ask("GET", "/v1/customers")
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError("localstripe does not come up")


@pytest.fixture(scope="session")
def localstripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    provider = Provider(tmp_path_factory.mktemp("localstripe"))
    yield provider
    provider.close()


@pytest.fixture
def provider(localstripe: Provider, settings: Any) -> Provider:
    """Billing talks to localstripe."""
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, localstripe.proxy.url
    settings.PAYMENT_GATEWAY = "stripe"
    localstripe.proxy.unplugged = localstripe.proxy.deaf = False
    return localstripe


@pytest.fixture
def stripe(provider: Provider) -> StripeGateway:
    return StripeGateway()
