"""What the meter itself swore to: signed records as they travel through OCPP, and whether the signature holds.

`unwrap` reads the containers of both versions (OCA "Signed meter values in OCPP": 1.6 SignedData samples, 2.x
signedMeterValue); `check` verifies one OCMF record (OCMF 1.x, S.A.F.E.) with the key that is registered for the meter.
A key that travels beside the data proves nothing and is only ever shown.
"""

import base64
import binascii
import functools
import warnings
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

if TYPE_CHECKING:
    from pyocmf import OCMF

VALID: Final = "valid"
INVALID: Final = "invalid"  # the signature does not fit the content and the key
NO_KEY: Final = "no_key"  # nobody has registered the meter's key
FOREIGN: Final = "foreign"  # another format than OCMF: kept for its own software
UNREADABLE: Final = "unreadable"  # says it is OCMF and is not

OCMF_FORMAT: Final = "OCMF"
BEGIN, END = "begin", "end"

_ENDS = frozenset("ELRAP")  # TX: ended, locally, remotely, aborted, by power failure
_UNITS = {"Wh": 1_000, "kWh": 1_000_000}


class Record(NamedTuple):
    """One signed record, its `text` untouched: a single changed blank would break the signature. `key` came with it."""

    text: str
    encoding: str
    key: str = ""


class Sworn(NamedTuple):
    """One energy reading inside a record. `register` in mWh; `kind` BEGIN, END or "" in between; `whole`: the register counts
    this transaction only. `sound`: the meter itself raises no error about the value."""

    at: datetime
    kind: str
    obis: str
    register: int
    whole: bool
    sound: bool


class Checked(NamedTuple):
    """A record and what became of it. `detail` says in English, for operators, why it is not VALID."""

    record: Record
    status: str
    detail: str = ""
    meter: str = ""
    pagination: str = ""
    identity: str = ""
    readings: tuple[Sworn, ...] = ()


class Sum(NamedTuple):
    """What the signed readings of a session add up to: mWh, or None where begin or end is missing. `issues` are names from
    ISSUES; an energy with issues may not be billed as signed."""

    mwh: int | None
    issues: tuple[str, ...] = ()


ISSUES: Final = ("not_valid", "missing_begin", "missing_end", "meter_error", "other_meter", "pagination", "negative")


def unwrap(sent: str) -> Record:
    """The record in a sample: OCMF text, its hexadecimal form, or the JSON container of OCPP around either."""
    text = sent.strip()
    if text.startswith("{"):
        return _from_container(text)
    return Record(*_plain(text))


def check(record: Record, key: str) -> Checked:
    """Verifies the record with `key`: DER in hexadecimal or Base64, or the bare point X‖Y. Never raises for bad input."""
    if record.encoding != OCMF_FORMAT:
        return Checked(record, FOREIGN, record.encoding)
    try:
        ocmf = _parse(record.text)
    except ValueError as error:
        return Checked(record, UNREADABLE, str(error).splitlines()[0][:200])
    payload = ocmf.payload
    said = Checked(
        record,
        NO_KEY,
        meter=payload.MS or payload.GS or "",
        pagination=payload.PG or "",
        identity=str(payload.ID or ""),
        readings=tuple(_sworn(payload.RD)),
    )
    if not key.strip():
        return said
    status, detail = _verify(ocmf, "".join(key.split()))
    return said._replace(status=status, detail=detail)


def add_up(checked: Sequence[Checked]) -> Sum:
    """Energy between the first begin and the last end reading of one register (tariffs-billing §5)."""
    issues = []
    if any(one.status != VALID for one in checked):
        issues.append("not_valid")
    if len({one.meter for one in checked if one.meter}) > 1:
        issues.append("other_meter")
    if _has_gaps(checked):
        issues.append("pagination")
    begin, end = ends(checked)
    if end is None:
        issues.append("missing_end")
    if begin is None and (end is None or not end.whole):
        issues.append("missing_begin")
    if any(reading is not None and not reading.sound for reading in (begin, end)):
        issues.append("meter_error")
    if end is None or (begin is None and not end.whole):
        return Sum(None, tuple(issues))
    mwh = end.register - (begin.register if begin is not None else 0)
    if mwh < 0:
        return Sum(None, (*issues, "negative"))
    return Sum(mwh, tuple(issues))


def ends(checked: Sequence[Checked]) -> tuple[Sworn | None, Sworn | None]:
    """The readings that `add_up` takes the difference of: begin and end of one register."""
    return _ends_of([reading for one in checked for reading in one.readings])


def meter_of(record: Record) -> str:
    """The serial number that the record names, "" where it cannot be read."""
    return check(record, "").meter


def fingerprint(key: str) -> str:
    """The key as people compare it: the last sixteen hexadecimal digits, in groups of four."""
    digits = _key_bytes("".join(key.split())).hex()[-16:].upper()
    return " ".join(digits[place : place + 4] for place in range(0, len(digits), 4))


def problem_of(key: str) -> str:
    """Why this text is no public key that we can verify with; "" if it is one."""
    from pyocmf import PublicKey, PyOCMFError

    try:
        PublicKey.from_string(_der("".join(key.split()), "secp256r1"))
    except (PyOCMFError, ValueError) as error:
        return str(error).splitlines()[0]
    return ""


# ---- containers -----------------------------------------------------------------------------------------------------


def _from_container(text: str) -> Record:
    try:
        sent: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError:
        return Record(text, "")
    inner = str(sent.get("signedMeterData") or sent.get("signedMeterValue") or "").strip()
    plain, encoding = _plain(inner)
    if not encoding:
        plain, encoding = _plain(_decoded(inner) or inner)
    named = str(sent.get("encodingMethod") or "")
    return Record(plain, encoding or (named if named.upper() != OCMF_FORMAT else ""), _sent_key(sent.get("publicKey")))


def _plain(text: str) -> tuple[str, str]:
    if text.startswith("OCMF|"):
        return text, OCMF_FORMAT
    if text[:10].lower() == b"OCMF|".hex():
        try:
            return bytes.fromhex(text).decode(), OCMF_FORMAT
        except ValueError:
            return text, ""
    return text, ""


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _sent_key(value: Any) -> str:
    """`publicKey` is Base64 of "oca:base16:asn1:<key as printed on the meter>" (OCA), or the key itself."""
    text = str(value or "").strip()
    told = _decoded(text)
    if told is not None and told.startswith("oca:"):
        return told.rsplit(":", 1)[-1]
    return text


# ---- one record -----------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=256)
def _parse(text: str) -> "OCMF":
    """Lenient as the transparency software is; raises ValueError."""
    from pyocmf import OCMF, PyOCMFError, SpecWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpecWarning)
        try:
            return OCMF.from_string(text)
        except PyOCMFError as error:
            raise ValueError(str(error)) from error


def _sworn(readings: Iterable[Any]) -> Iterable[Sworn]:
    for reading in readings:
        factor = _UNITS.get(str(reading.RU))
        if factor is None or reading.RI is None or reading.RV is None or not _counts_energy(reading.RI):
            continue
        reason = str(reading.TX or "")
        yield Sworn(
            reading.TM.timestamp,
            BEGIN if reason == "B" else END if reason in _ENDS else "",
            str(reading.RI),
            int((Decimal(reading.RV) * factor).to_integral_value()),
            reading.RI.is_transaction_register,
            reading.ST == "G" and not reading.EF,
        )


def _counts_energy(obis: Any) -> bool:
    """Registers of energy taken by the car, in the forms meters use (1-b:1.8.0, 01-00:98.08.00.FF, 1-b:1.8.e)."""
    return bool(obis.is_law_relevant) or ":1.8." in str(obis)


def _verify(ocmf: "OCMF", key: str) -> tuple[str, str]:
    from pyocmf import PyOCMFError
    from pyocmf.crypto import verification

    signature, curve = ocmf.signature, str(ocmf.signature.SA).split("-")[1] if "-" in str(ocmf.signature.SA) else ""
    data = ocmf._original_payload_json or ""  # the signed bytes; the library keeps them for its own check
    try:
        holds = verification.verify_signature(
            data, _der_signature(signature.SD, str(signature.SE or "hex")), signature.SA, "hex", _der(key, curve)
        )
    except (PyOCMFError, ValueError) as error:
        return INVALID, str(error).splitlines()[0][:200]
    return (VALID, "") if holds else (INVALID, "the signature does not fit the record and the registered key")


def _der_signature(data: str, encoding: str) -> str:
    """In hexadecimal DER. Some meters send the bare r‖s of their curve instead."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    raw = base64.b64decode(data) if encoding == "base64" else bytes.fromhex(data)
    if len(raw) in (48, 64, 96) and not (raw[0] == 0x30 and raw[1] == len(raw) - 2):
        half = len(raw) // 2
        raw = encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
    return raw.hex()


def _der(key: str, curve: str) -> str:
    """In hexadecimal DER. Some meters print the bare point X‖Y instead."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    raw = _key_bytes(key)
    known: tuple[ec.EllipticCurve, ...] = (ec.SECP192R1(), ec.SECP256R1(), ec.SECP256K1(), ec.SECP384R1())
    curves = {one.name: one for one in known}
    if curve in curves and len(raw) * 4 == curves[curve].key_size and raw[:1] != b"\x30":
        raw = b"\x04" + raw
    if curve in curves and raw[:1] == b"\x04":
        point = ec.EllipticCurvePublicKey.from_encoded_point(curves[curve], raw)
        raw = point.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return raw.hex()


def _key_bytes(key: str) -> bytes:
    try:
        return bytes.fromhex(key)
    except ValueError:
        return base64.b64decode(key, validate=True)


# ---- one session ----------------------------------------------------------------------------------------------------


def _ends_of(readings: Sequence[Sworn]) -> tuple[Sworn | None, Sworn | None]:
    """Begin and end of the register that has both; loss-compensated and transaction registers come first as the record puts
    them first."""
    found: tuple[Sworn | None, Sworn | None] = (None, None)
    for obis in dict.fromkeys(reading.obis for reading in readings):
        own = [reading for reading in readings if reading.obis == obis]
        begin = next((reading for reading in own if reading.kind == BEGIN), None)
        end = next((reading for reading in reversed(own) if reading.kind == END), None)
        if begin is not None and end is not None:
            return begin, end
        if found == (None, None):
            found = (begin, end)
    return found


def _has_gaps(checked: Sequence[Checked]) -> bool:
    """Records of one transaction are numbered one after the other (OCMF: PG T<n>)."""
    numbers = sorted({int(one.pagination[1:]) for one in checked if one.pagination[1:].isdecimal()})
    return bool(numbers) and numbers[-1] - numbers[0] >= len(numbers)
