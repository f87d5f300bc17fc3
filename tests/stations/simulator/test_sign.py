"""Meters that sign: what goes on the wire, and that it verifies with the key on the label."""

import base64
import json
from typing import Any

import pytest

from sessions_app.metering import signed
from stations.simulator import signing

from .conftest import Yard
from .csms import Csms

TAG = "04A1B2C3"
LABEL = signing.public_key("CP-1", 1)


async def charge(yard: Yard, **spec: Any) -> None:
    station = await yard.station(signs=True, registers={1: 26_008}, **spec)
    await station.plug_in(1)
    await station.present(TAG)
    await station.charge(kwh=2, minutes=2)
    await station.present(TAG)


def sworn(csms: Csms, version: str) -> list[str]:
    """The signed samples as a central system receives them."""
    if version == "1.6":
        (stop,) = csms.of("StopTransaction")
        return [value["sampledValue"][0]["value"] for value in stop["transactionData"]]
    both = csms.events("Started") + csms.events("Ended")
    return [json.dumps(event["meterValue"][0]["sampledValue"][0]["signedMeterValue"]) for event in both]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_begin_and_end_are_signed(yard: Yard, csms: Csms, version: str) -> None:
    await charge(yard, version=version)
    found = [signed.check(signed.unwrap(text), LABEL) for text in sworn(csms, version)]

    assert [one.status for one in found] == [signed.VALID, signed.VALID]
    assert {(one.meter, one.identity, one.record.key) for one in found} == {(signing.serial("CP-1", 1), TAG, LABEL)}
    assert [(r.kind, r.register) for one in found for r in one.readings] == [("begin", 26_008_000), ("end", 28_008_000)]
    assert signed.add_up(found) == signed.Sum(2_000_000)


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_tampered_changes_a_digit_and_the_signature_tells(yard: Yard, csms: Csms, version: str) -> None:
    await charge(yard, version=version, quirks=("tampered",))
    begin, end = [signed.check(signed.unwrap(text), LABEL) for text in sworn(csms, version)]

    assert (begin.status, end.status) == (signed.VALID, signed.INVALID)
    assert end.readings[0].register == 38_008_000


async def test_a_station_that_does_not_sign_sends_nothing_of_the_kind(yard: Yard, csms: Csms) -> None:
    station = await yard.station()
    await station.plug_in(1)
    await station.present(TAG)
    await station.charge(kwh=2, minutes=2)
    await station.present(TAG)

    assert "transactionData" not in csms.of("StopTransaction")[0]


def test_the_key_follows_from_the_identity_and_each_connector_has_its_own() -> None:
    assert signing.public_key("CP-1", 1) == LABEL
    assert len({LABEL, signing.public_key("CP-1", 2), signing.public_key("CP-2", 1)}) == 3
    assert signed.problem_of(LABEL) == ""


def test_what_travels_beside_a_record_is_the_colon_form() -> None:
    inside = signing.container("OCMF|{}|{}", LABEL)
    assert base64.b64decode(inside["publicKey"]).decode() == f"oca:base16:asn1:{LABEL}"
