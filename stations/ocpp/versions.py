"""The protocol versions that we speak: the only place where one is named."""

from .call import Version
from .schemas import Schemas
from .v16 import inbound as inbound16
from .v16 import outbound as outbound16
from .v16 import repair as repair16
from .v201 import inbound as inbound201
from .v201 import outbound as outbound201
from .v201 import repair as repair201

SPELT_IN_16 = {
    "FormatViolation": "FormationViolation",
    "OccurrenceConstraintViolation": "OccurenceConstraintViolation",
    "RpcFrameworkError": "FormationViolation",
    "MessageTypeNotSupported": "NotSupported",
}

VERSIONS = {
    version.subprotocol: version
    for version in (
        Version(
            "ocpp1.6",
            Schemas("v16", ""),
            inbound16.INBOUND,
            outbound16.ENCODERS,
            repair16.REPAIRS,
            SPELT_IN_16,
            answers_unreadable=False,
        ),
        Version("ocpp2.0.1", Schemas("v201", "Request"), inbound201.INBOUND, outbound201.ENCODERS, repair201.REPAIRS),
    )
}
