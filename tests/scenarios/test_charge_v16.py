"""OCPP 1.6: whole charges over real sockets, with the `ocpp` package's own client, down to cents, journal and documents."""

import pytest

from . import charges
from .live import LiveServer

pytestmark = pytest.mark.wire
VERSION = "1.6"


def test_a_charge_from_the_boot_to_the_invoice(live_server_process: LiveServer) -> None:
    charges.from_boot_to_invoice(live_server_process, VERSION)


def test_a_charge_across_a_dropped_socket(live_server_process: LiveServer) -> None:
    charges.across_a_dropped_socket(live_server_process, VERSION)


def test_a_charge_that_is_told_twice_is_billed_once(live_server_process: LiveServer) -> None:
    charges.told_twice(live_server_process, VERSION)


def test_two_sockets_charge_at_once(live_server_process: LiveServer) -> None:
    charges.two_sockets_at_once(live_server_process, VERSION)


def test_a_charge_with_the_clock_in_1970(live_server_process: LiveServer) -> None:
    charges.with_a_clock_in_1970(live_server_process, VERSION)
