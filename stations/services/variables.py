"""What stations tell of their settings: the device model of 2.x, and 1.6 configuration keys (component "")."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from cms.core import rows
from stations.models import EVSE, Connector, Variable
from stations.services import topology
from stations.vocabulary.events import VariablesReported, VariableValue

SECRETS = {"authorizationkey", "basicauthpassword"}  # names in lower case

_KEY = ("station_id", "component", "component_instance", "evse_id", "connector_id", "name", "instance", "attribute")
_LARGEST = 2**31
_TOLD = ("value", "readonly", "data_type", "updated_at")

# OCPP 2.x ConnectorEnum → OCPI ConnectorType; c = fixed cable, s = socket
_STANDARDS = {
    "cType2": "IEC_62196_T2",
    "sType2": "IEC_62196_T2",
    "cType1": "IEC_62196_T1",
    "cCCS1": "IEC_62196_T1_COMBO",
    "cCCS2": "IEC_62196_T2_COMBO",
    "cG105": "CHADEMO",
    "cChaoJi": "CHAOJI",
    "cTesla": "TESLA_S",
    "sType3": "IEC_62196_T3C",
    "sCEE-7-7": "DOMESTIC_F",
    "s309-1P-16A": "IEC_60309_2_single_16",
    "s309-3P-16A": "IEC_60309_2_three_16",
    "s309-3P-32A": "IEC_60309_2_three_32",
}


class Stored(NamedTuple):
    """One value of one variable. 1.6: only `name` (the key) and `value`."""

    name: str
    value: str | None
    component: str = ""
    component_instance: str = ""
    evse_id: int = 0
    connector_id: int = 0
    instance: str = ""
    attribute: str = "Actual"
    readonly: bool | None = None
    data_type: str = ""

    @property
    def key(self) -> tuple[str | int, ...]:
        place = (self.component, self.component_instance, self.evse_id, self.connector_id)
        return (*place, self.name, self.instance, self.attribute)


def is_secret(name: str) -> bool:
    """Is the setting's value never stored and never shown? The two we set ourselves, and whatever calls itself a password
    (of the mobile network, of the site's Wi-Fi …)."""
    return name.lower() in SECRETS or "password" in name.lower()


def report(events: Sequence[VariablesReported]) -> None:
    """NotifyReport parts (2.0.1 B07), in any order and more than once. EVSEs and connectors that they name arise."""
    told = [(event.station.id, value) for event in events for value in event.values]
    _write([(event.station.id, _stored(value), event.received_at) for event in events for value in event.values])
    evses = {(pk, value.evse.id) for pk, value in told if value.evse and value.component == "EVSE"}
    places = {
        place
        for pk, value in told
        if value.component == "Connector" and value.evse and (place := topology.place(pk, value.evse))
    }
    topology.ensure_evses(evses)
    topology.ensure(places)
    _describe(told)


def store(station_id: int, values: Iterable[Stored], at: datetime) -> None:
    """What the station answered."""
    _write([(station_id, value, at) for value in values])


def changed(station_id: int, value: Stored, at: datetime) -> None:
    """What the station accepted from us; what else we know of the variable stays. Names regardless of case (quirk 19)."""
    known = Variable.objects.filter(station=station_id, component=value.component, name__iexact=value.name)
    name = known.values_list("name", flat=True).first() or value.name
    _write([(station_id, value._replace(name=name), at)], update=("value", "updated_at"))


def _write(told: Sequence[tuple[int, Stored, datetime]], update: tuple[str, ...] = _TOLD) -> None:
    rows.upsert(
        Variable,
        (*_KEY, *_TOLD),
        [(pk, *value.key, _value(value), value.readonly, value.data_type, at) for pk, value, at in told if value.name],
        key=_KEY,
        update=update,
    )


def _value(value: Stored) -> str | None:
    return None if is_secret(value.name) else value.value


def _stored(value: VariableValue) -> Stored:
    evse, connector = value.evse or (0, None)
    return Stored(
        component=value.component,
        component_instance=value.component_instance,
        evse_id=evse if 0 <= evse < _LARGEST else 0,
        connector_id=connector if connector and 0 <= connector < _LARGEST else 0,
        name=value.variable,
        instance=value.variable_instance,
        attribute=value.attribute,
        value=value.value,
        readonly=value.readonly,
        data_type=value.data_type,
    )


def _describe(told: Iterable[tuple[int, VariableValue]]) -> None:
    """The plug and the power that the device model tells, where nobody has entered them."""
    for pk, value in told:
        if value.evse is None or not value.value:
            continue
        if (value.component, value.variable) == ("Connector", "ConnectorType") and value.value in _STANDARDS:
            place = topology.place(pk, value.evse)
            blank = Connector.objects.filter(standard="", evse__station=pk, evse__evse_id=value.evse.id)
            if place:
                blank.filter(connector_id=place[2]).update(standard=_STANDARDS[value.value])
        elif (value.component, value.variable, value.attribute) == ("EVSE", "Power", "MaxSet"):
            watts = _watts(value.value)
            if watts:
                EVSE.objects.filter(station=pk, evse_id=value.evse.id, max_power_w=None).update(max_power_w=watts)


def _watts(text: str) -> int | None:
    """The specification lets a station say W or kW: below 1000 it can only be kW."""
    number = text.split(".")[0]
    if not number.isascii() or not number.isdigit() or len(number) > 7:
        return None
    return int(number) if int(number) >= 1000 else int(number) * 1000
