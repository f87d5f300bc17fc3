"""A station's settings as it told them: 1.6 keys and 2.x variables under the same headings."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from stations.models import ChargingStation, Variable
from stations.selectors.masking import MASK
from stations.services import variables


@dataclass(frozen=True, slots=True)
class Setting:
    variable: Variable
    shown: str
    secret: bool

    @property
    def settable(self) -> bool:
        """Can our plain form set it? It names a component and a variable, not an instance, an EVSE or another attribute."""
        told = self.variable
        plain = not (told.instance or told.component_instance or told.evse_id) and told.attribute == "Actual"
        return plain and not told.readonly

    @property
    def name(self) -> str:
        instance = f" [{self.variable.instance}]" if self.variable.instance else ""
        return f"{self.variable.name}{instance}"


def groups(station: ChargingStation, search: str = "") -> list[tuple[str, list[Setting]]]:
    """(heading, settings), in alphabetical order: the component in 2.x, one group in 1.6."""
    found = Variable.objects.filter(station=station)
    if search:
        found = found.filter(Q(name__icontains=search) | Q(component__icontains=search) | Q(value__icontains=search))
    grouped: dict[str, list[Setting]] = {}
    for variable in found.order_by("component", "component_instance", "evse_id", "connector_id", "name", "instance"):
        secret = variables.is_secret(variable.name)
        shown = MASK if secret and variable.value else variable.value or ""
        grouped.setdefault(_heading(variable), []).append(Setting(variable, shown, secret))
    return list(grouped.items())


def _heading(variable: Variable) -> str:
    if not variable.component:
        return _("Configuration keys")
    place = f" · EVSE {variable.evse_id}" if variable.evse_id else ""
    place += f".{variable.connector_id}" if variable.connector_id else ""
    instance = f" [{variable.component_instance}]" if variable.component_instance else ""
    return f"{variable.component}{instance}{place}"
