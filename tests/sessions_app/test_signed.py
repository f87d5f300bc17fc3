"""Signed meter values: the reference collection (S.A.F.E. transparency software), and the ways they travel in OCPP."""

import base64
import csv
import json
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sessions_app.metering import signed

KEY = ec.derive_private_key(0xC010_881A, ec.SECP256R1())
PUBLIC = (
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo).hex()
)


def ocmf(*readings: tuple[str, str], page: int = 1, meter: str = "M1", status: str = "G", unit: str = "kWh") -> str:
    """A record as a meter signs it: (TX, RV) per reading, RV a JSON number with all its zeros."""
    told = [
        {"TM": f"2026-05-01T10:{minute:02}:00,000+0200 S", "TX": tx, "RV": f"<{rv}>", "RI": "1-b:1.8.0", "RU": unit, "ST": status}
        for minute, (tx, rv) in enumerate(readings, start=page)
    ]  # fmt: skip
    payload = json.dumps(
        {"FV": "1.0", "PG": f"T{page}", "MS": meter, "IS": True, "IT": "ISO14443", "ID": "04A1B2C3", "RD": told}
    )
    payload = payload.replace('"<', "").replace('>"', "")
    signature = KEY.sign(payload.encode(), ec.ECDSA(hashes.SHA256())).hex()
    return f'OCMF|{payload}|{{"SA":"ECDSA-secp256r1-SHA256","SD":"{signature}"}}'


def checked(*texts: str, key: str = PUBLIC) -> list[signed.Checked]:
    return [signed.check(signed.unwrap(text), key) for text in texts]


def test_the_reference_collection_comes_out_as_its_table_says(reference_data: Path) -> None:
    """244 valid, 4 invalid; two on a curve that OpenSSL lacks, two with bare keys and signatures, 22 other formats."""
    folder = reference_data / "ocmf"
    got: Counter[tuple[str, str]] = Counter()
    with (folder / "verification_results.csv").open() as table:
        for row in csv.DictReader(table):
            (file,) = folder.rglob(row["file"])
            got[row["result_of_our_check"].split(" (")[0], verdict(file, row["value_index"])] += 1

    assert got == {
        ("VALID", signed.VALID): 244 + 2 + 1,
        ("INVALID", signed.INVALID): 4 + 1,
        ("no key", signed.NO_KEY): 2,
        ("non-OCMF", signed.FOREIGN): 22,
        ("not XML", "not XML"): 2,
    }


def verdict(file: Path, index: str) -> str:
    try:
        value = list(ElementTree.parse(file).getroot().iter("value"))[int(index or 0)]
    except ElementTree.ParseError:
        return "not XML"
    return signed.check(signed.unwrap(value.findtext("signedData") or ""), value.findtext("publicKey") or "").status


@pytest.mark.parametrize("form", ["text", "hex", "container", "base64 container", "2.x container"])
def test_a_record_is_found_in_every_wrapping(form: str) -> None:
    text = ocmf(("B", "10.000"))
    inner = base64.b64encode(text.encode()).decode()
    travelling = base64.b64encode(f"oca:base16:asn1:{PUBLIC}".encode()).decode()
    sent = {
        "text": text,
        "hex": text.encode().hex(),
        "container": json.dumps({"signedMeterData": text, "encodingMethod": "OCMF", "publicKey": PUBLIC}),
        "base64 container": json.dumps({"signedMeterData": inner, "encodingMethod": "OCMF", "publicKey": travelling}),
        "2.x container": json.dumps({"signedMeterData": inner, "signingMethod": "", "encodingMethod": "OCMF", "publicKey": ""}),
    }[form]  # fmt: skip

    record = signed.unwrap(sent)

    assert (record.text, record.encoding) == (text, "OCMF")
    assert record.key == (PUBLIC if form in ("container", "base64 container") else "")


def test_a_changed_figure_breaks_the_signature() -> None:
    (whole,) = checked(ocmf(("B", "10.000"), ("E", "17.500")))
    (forged,) = checked(ocmf(("B", "10.000"), ("E", "17.500")).replace("17.500", "18.500"))

    assert (whole.status, forged.status) == (signed.VALID, signed.INVALID)
    assert forged.detail == "the signature does not fit the record and the registered key"


def test_the_key_that_travels_with_the_data_proves_nothing() -> None:
    container = json.dumps({"signedMeterData": ocmf(("B", "1.0")), "encodingMethod": "OCMF", "publicKey": PUBLIC})

    assert checked(container, key="")[0].status == signed.NO_KEY


def test_begin_and_end_give_the_energy_to_the_milliwatt_hour() -> None:
    one_record = checked(ocmf(("B", "2935.600"), ("E", "2943.1234")))
    two_records = checked(ocmf(("B", "2935.600")), ocmf(("L", "2943.1234"), page=2))

    assert signed.add_up(one_record) == signed.add_up(two_records) == signed.Sum(7_523_400)


def test_watt_hours_and_kilowatt_hours() -> None:
    assert signed.add_up(checked(ocmf(("B", "100"), ("E", "1350"), unit="Wh"))).mwh == 1_250_000


@pytest.mark.parametrize(
    ("records", "issues"),
    [
        ([ocmf(("B", "1.0"))], ("missing_end",)),
        ([ocmf(("E", "1.0"))], ("missing_begin",)),
        ([], ("missing_end", "missing_begin")),
        ([ocmf(("B", "5.0"), ("E", "4.0"))], ("negative",)),
    ],
)
def test_without_both_ends_there_is_no_energy(records: list[str], issues: tuple[str, ...]) -> None:
    assert signed.add_up(checked(*records)) == signed.Sum(None, issues)


@pytest.mark.parametrize(
    ("records", "issue"),
    [
        ([ocmf(("B", "1.0")), ocmf(("E", "3.0"), page=4)], "pagination"),
        ([ocmf(("B", "1.0")), ocmf(("E", "3.0"), page=2, meter="M2")], "other_meter"),
        ([ocmf(("B", "1.0"), ("E", "3.0"), status="M")], "meter_error"),
    ],
)
def test_a_doubt_is_named_beside_the_energy(records: list[str], issue: str) -> None:
    assert signed.add_up(checked(*records)) == signed.Sum(2_000_000, (issue,))


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("OCMF|{}|{}", signed.UNREADABLE),
        ("OCMF|", signed.UNREADABLE),
        ("OCMF|{\"RD\":[]}|{\"SA\":\"RSA\",\"SD\":\"zz\"}", signed.INVALID),
        ("{not json", signed.FOREIGN),
        ("", signed.FOREIGN),
        ("AT;whatever;Alfen", signed.FOREIGN),
        ("4f434d467c" + "zz", signed.FOREIGN),
    ],
)  # fmt: skip
def test_what_is_no_record_is_kept_and_named(text: str, status: str) -> None:
    assert signed.check(signed.unwrap(text), PUBLIC).status == status


@pytest.mark.parametrize("key", ["nonsense", "3059", "00" * 64, "ü", "=" * 9])
def test_a_bad_key_is_no_crash(key: str) -> None:
    (one,) = checked(ocmf(("B", "1.0")), key=key)

    assert one.status == signed.INVALID
    assert one.detail
    assert signed.problem_of(key)


def test_a_key_is_compared_by_its_last_digits() -> None:
    assert signed.problem_of(PUBLIC) == ""
    assert signed.fingerprint(PUBLIC).replace(" ", "") == PUBLIC[-16:].upper()
