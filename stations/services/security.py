"""Security events (1.6 security white paper, 2.0.1 A04): kept, the critical ones marked for a person."""

from collections.abc import Sequence

from cms.core import rows
from stations.models import SecurityEvent
from stations.vocabulary.events import SecurityEventReported

# What a person should look at: critical in 1.6 or 2.x, and failed authentications (ocpp201 A04); the last is our own
_ALERTING = """FirmwareUpdated SettingSystemTime StartupOfTheDevice ResetOrReboot SecurityLogWasCleared MemoryExhaustion
    TamperDetectionActivated InvalidCsmsCertificate InvalidCentralSystemCertificate InvalidChargingStationCertificate
    InvalidTLSVersion InvalidTLSCipherSuite MaintenanceLoginAccepted MaintenanceLoginFailed InvalidFirmwareSignature
    InvalidFirmwareSigningCertificate FailedToAuthenticateAtCsms FailedToAuthenticateAtCentralSystem
    SerialNumberChanged"""
ALERTING = frozenset(_ALERTING.split())


def report(events: Sequence[SecurityEventReported]) -> None:
    rows.insert(
        SecurityEvent,
        ("station_id", "type", "at", "received_at", "tech_info"),
        [(each.station.id, each.type, each.occurred_at, each.received_at, each.tech_info) for each in events],
    )
