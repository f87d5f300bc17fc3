"""Meters that sign: one OCMF record at the begin of a transaction and one at its end (OCMF 1.0, ECDSA-secp256r1-SHA256), and
the containers in which both protocols carry them (OCA "Signed meter values in OCPP").

The key follows from the station's identity, so that whoever registers it need not wait for the station.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

BEGIN, END = "Transaction.Begin", "Transaction.End"

_TX = {BEGIN: "B", END: "E"}
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of secp256r1


def serial(identity: str, connector: int) -> str:
    return f"DM{hashlib.sha256(f'{identity}/{connector}'.encode()).hexdigest()[:8].upper()}"


@cache
def public_key(identity: str, connector: int) -> str:
    """As printed on the meter: DER in hexadecimal."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return _key(identity, connector).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()


def record(
    identity: str, connector: int, *, context: str, began: datetime, at: datetime, register_wh: int, token: str
) -> str:
    """The register in kWh with its three decimals. The pages of one transaction follow each other; they come from its begin, so
    that a station that was switched off meanwhile counts on."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    page = int(began.timestamp()) // 60 * 2 + (context == END)
    head = {
        "FV": "1.0", "GI": "Colonnina simulator", "GS": identity, "PG": f"T{page}", "MV": "Demo", "MM": "DC-1",
        "MS": serial(identity, connector), "IS": True, "IL": "VERIFIED", "IF": ["RFID_PLAIN"], "IT": "ISO14443", "ID": token,
    }  # fmt: skip
    shown = f"{register_wh // 1000}.{register_wh % 1000:03}"
    reading = (
        f'{{"TM":"{at:%Y-%m-%dT%H:%M:%S},{at.microsecond // 1000:03}{at:%z} S","TX":"{_TX[context]}",'
        f'"RV":{shown},"RI":"1-b:1.8.0","RU":"kWh","RT":"DC","EF":"","ST":"G"}}'
    )
    payload = f'{json.dumps(head, separators=(",", ":"))[:-1]},"RD":[{reading}]}}'
    signature = _key(identity, connector).sign(payload.encode(), ec.ECDSA(hashes.SHA256())).hex()
    return f'OCMF|{payload}|{{"SA":"ECDSA-secp256r1-SHA256","SD":"{signature}"}}'


def container(text: str, key: str) -> dict[str, str]:
    """Around a record, in either version; `key` travels along."""
    return {
        "signedMeterData": base64.b64encode(text.encode()).decode(),
        "signingMethod": "",
        "encodingMethod": "OCMF",
        "publicKey": base64.b64encode(f"oca:base16:asn1:{key}".encode()).decode(),
    }


def tamper(payload: dict[str, Any]) -> None:
    """Changes the first digit of the register in the last record of a message, as somebody on the way would."""
    found = [sample for sample in _samples(payload) if _carries(sample)]
    for sample in found[-1:]:
        inside = sample.get("signedMeterValue") or json.loads(sample["value"])
        text = base64.b64decode(inside["signedMeterData"]).decode()
        before, _, rest = text.partition('"RV":')
        changed = f'{before}"RV":{(int(rest[0]) + 1) % 10}{rest[1:]}'
        inside["signedMeterData"] = base64.b64encode(changed.encode()).decode()
        if "signedMeterValue" not in sample:
            sample["value"] = json.dumps(inside)


def _samples(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    values = payload.get("meterValue") or payload.get("transactionData") or ()
    return [sample for value in values for sample in value["sampledValue"]]


def _carries(sample: Mapping[str, Any]) -> bool:
    return "signedMeterValue" in sample or sample.get("format") == "SignedData"


@cache
def _key(identity: str, connector: int) -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric import ec

    seed = hashlib.sha256(f"colonnina simulated meter {identity}/{connector}".encode()).digest()
    return ec.derive_private_key(int.from_bytes(seed) % (_ORDER - 1) + 1, ec.SECP256R1())
