"""The public page of what a meter signed: for whoever holds the receipt, without an account."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from billing.documents import seal, sheets
from billing.models import CDR
from billing.services.charges import rating
from cms.wiring import csms
from sessions_app.metering import signed
from sessions_app.models import ChargingSession
from sessions_app.selectors import proof
from sessions_app.services import meter_keys
from stations.models import EVSE
from stations.vocabulary.values import Reading, Sample
from tests.cms.driving import Driving, minute, see
from tests.sessions_app.test_signed import PUBLIC, ocmf

pytestmark = pytest.mark.django_db
AGREES = (ocmf(("B", "10.000")), ocmf(("E", "17.500"), page=2))
Charge = Callable[..., ChargingSession]


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(minute(120), tick=False) as clock:
        yield clock


@pytest.fixture
def key(world: Driving) -> None:
    evse = EVSE.objects.get(station=world.station, evse_id=1)
    meter_keys.add(evse=evse, public_key=PUBLIC, meter_serial="M1", valid_from=minute(-600), by=None)


@pytest.fixture
def charge(world: Driving) -> Charge:
    """`charge(*records)`: 7.5 kWh of Dario's by the station's own word, rated."""

    def make(*records: str) -> ChargingSession:
        session = world.begins()
        sworn = tuple(
            Sample("Energy.Active.Import.Register", None, "Wh", context="Transaction.End", signed=text)
            for text in records
        )
        stop = world.teller.stop(60, session.transaction_id, int(session.meter_start or 0) + 7_500)
        csms.handle([replace(stop, readings=(Reading(minute(60), sworn),)) if sworn else stop])
        rating.rate(session_id=session.pk)
        return ChargingSession.objects.get(pk=session.pk)

    return make


def public_page(client: Client, session: ChargingSession, language: str = "en") -> Any:
    return client.get(f"/verify/{proof.token_of(session.pk)}/", headers={"accept-language": language})


def test_a_valid_charge_is_told_in_one_sentence(charge: Charge, key: None) -> None:
    answer = public_page(Client(), charge(*AGREES))
    html = answer.content.decode().replace("\xa0", " ")

    assert answer.status_code == 200
    for shown in (
        "Valid: the meter itself signed the 7.500 kWh of this charge.",
        "€4.43",
        "10.000 kWh",
        "17.500 kWh",
        signed.fingerprint(PUBLIC),
        PUBLIC,
        "IT*ADR*E0042*1",
        ">M1<",
        "2 signed records",
        "S.A.F.E. transparency software",
    ):
        assert shown in html
    assert len(answer.content) < 100_000


def test_it_tells_neither_search_engines_nor_other_sites(charge: Charge, key: None) -> None:
    answer = public_page(Client(), charge(*AGREES))
    told = {name: answer[name] for name in ("X-Robots-Tag", "Cache-Control", "Referrer-Policy")}
    assert told == {"X-Robots-Tag": "noindex", "Cache-Control": "private, no-store", "Referrer-Policy": "same-origin"}


def test_it_names_nobody(charge: Charge, key: None, dario: Any) -> None:
    dario.user.first_name, dario.user.last_name = "Dariogiovanni", "Nerissimi"
    dario.user.save()
    html = public_page(Client(), charge(*AGREES)).content.decode()
    assert not [word for word in ("Dariogiovanni", "Nerissimi", dario.user.email) if word in html]


@pytest.mark.parametrize(
    ("records", "sentence"),
    [
        ((ocmf(("B", "10.000"), ("E", "17.000")),), "It does not match: the meter signed 7.000 kWh, the charge counts 7.500 kWh."),
        ((AGREES[0], AGREES[1].replace("17.500", "18.500")), "A signature does not hold: the record is not what the meter signed."),
        ((ocmf(("B", "10.000"), ("E", "17.500"), status="M"),), "The meter itself reports an error about its readings."),
        ((AGREES[1],), "It cannot be checked, because the signed reading of the begin is missing."),
        ((AGREES[0], ocmf(("E", "17.500"), page=4)), "It cannot be checked, because a record in between is missing."),
        (("EDL|something of another maker",), "It cannot be checked, because the records are in a format that only the meter’s own software reads."),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_in_one_sentence(
    charge: Charge, key: None, records: tuple[str, ...], sentence: str
) -> None:
    html = public_page(Client(), charge(*records)).content.decode().replace("\xa0", " ")
    assert f'<h1 class="sentence">{sentence}</h1>' in html


def test_without_a_registered_key_it_says_so(charge: Charge) -> None:
    html = public_page(Client(), charge(*AGREES)).content.decode()
    assert "It cannot be checked, because nobody has registered the public key of this meter yet." in html


def test_the_file_is_what_the_transparency_software_opens(charge: Charge, key: None) -> None:
    session = charge(*AGREES)
    answer = Client().get(f"/verify/{proof.token_of(session.pk)}/records.xml")
    root = ElementTree.fromstring(answer.content)

    assert answer["Content-Disposition"] == f'attachment; filename="colonnina-{session.pk}.xml"'
    assert [value.attrib for value in root] == [
        {"transactionId": str(session.pk), "context": "Transaction.Begin"},
        {"transactionId": str(session.pk), "context": "Transaction.End"},
    ]
    assert [value.findtext("signedData") for value in root] == list(AGREES)
    assert {value.findtext("publicKey") for value in root} == {PUBLIC}
    data, public = root[0]
    assert (data.attrib, public.attrib) == ({"format": "OCMF", "encoding": "plain"}, {"encoding": "hex"})
    checked = [signed.check(signed.unwrap(v.findtext("signedData") or ""), PUBLIC).status for v in root]
    assert checked == ["valid", "valid"]


def test_one_record_alone_can_be_taken_away(charge: Charge, key: None) -> None:
    token = proof.token_of(charge(*AGREES).pk)
    (value,) = ElementTree.fromstring(Client().get(f"/verify/{token}/2.xml").content)
    assert value.findtext("signedData") == AGREES[1]
    assert [Client().get(f"/verify/{token}/{n}.xml").status_code for n in (0, 3)] == [404, 404]


def test_many_records_are_all_in_the_file_and_only_the_ends_on_the_page(charge: Charge, key: None) -> None:
    between = [ocmf(("C", f"{10 + n}.000"), page=n + 1) for n in range(1, 7)]
    first, last = ocmf(("B", "10.000")), ocmf(("E", "17.500"), page=8)
    session = charge(first, *between, ocmf(("C", "17.100"), page=9), last)
    html = public_page(Client(), session).content.decode()

    assert "9 signed records" in html
    assert html.count("Record 1 (.xml)") + html.count("Record 9 (.xml)") == 2
    assert "Record 2 (.xml)" not in html
    assert Client().get(f"/verify/{proof.token_of(session.pk)}/records.xml").content.count(b"<value ") == 9


def test_a_guessed_token_opens_nothing(charge: Charge, key: None) -> None:
    charge(*AGREES)
    for path in ("/verify/secret/", "/verify/secret/records.xml", "/verify/secret/1.xml", "/verify/1/"):
        assert Client().get(path).status_code == 404


def test_it_speaks_italian(charge: Charge, key: None) -> None:
    assert '<html lang="it">' in public_page(Client(), charge(*AGREES), "it").content.decode()


def test_driver_and_receipt_lead_there(charge: Charge, key: None, him: Client) -> None:
    session = charge(*AGREES)
    path = f"/verify/{proof.token_of(session.pk)}/"

    assert f'href="{path}"' in see(him, f"/history/{session.pk}/")
    cdr = CDR.objects.get(session=session)
    corner = sheets.receipt(cdr, "it")["seal"]
    assert corner["address"].endswith(path)
    assert corner["qr"].startswith("<svg")
    assert him.get(f"/history/{session.pk}/receipt.pdf").content.startswith(b"%PDF")


def test_a_charge_that_nobody_signed_has_no_such_page(charge: Charge, him: Client) -> None:
    session = charge()
    assert "/verify/" not in see(him, f"/history/{session.pk}/")
    assert seal.address(session.pk) == ""
    assert "seal" not in sheets.receipt(CDR.objects.get(session=session), "it")


def test_an_operator_sees_the_signed_data_on_the_page_of_the_charge(
    charge: Charge, key: None, olga: User, client: Client
) -> None:
    session = charge(*AGREES)
    client.force_login(olga)
    html = see(client, f"/ops/sessions/{session.pk}/")
    for shown in ("Signed data", "Valid: the meter itself signed", signed.fingerprint(PUBLIC)):
        assert shown in html


def test_a_held_charge_says_so(charge: Charge, key: None) -> None:
    session = charge(ocmf(("B", "10.000"), ("E", "17.000")))
    html = public_page(Client(), session).content.decode()
    assert "This charge is not billed until somebody has checked it" in html
    assert CDR.objects.billable().count() == 0
    assert session.energy == Decimal(7_500)
    assert session.stopped_at == minute(0) + timedelta(hours=1)
