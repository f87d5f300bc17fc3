"""What a report is about: whose stations, which site, which days. Lives in the query string, so that a view is a link."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Operator
from stations.models import ChargingStation, Location

RANGES = {"7": 7, "30": 30, "90": 90, "365": 365}
DEFAULT = "30"


@dataclass(frozen=True, slots=True)
class Filters:
    """`days` are local days of the operator, the last one today."""

    operator: Operator
    site: Location | None
    range: str

    @classmethod
    def read(cls, operator: Operator, given: dict[str, str]) -> "Filters":
        """Unknown ranges and strangers' sites are no filter."""
        site = given.get("site", "")
        known = Location.objects.filter(operator=operator)
        found = known.filter(pk=int(site)).first() if site.isascii() and site.isdecimal() and len(site) < 19 else None
        wanted = given.get("range", DEFAULT)
        return cls(operator, found, wanted if wanted in RANGES else DEFAULT)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.operator.time_zone)

    @property
    def today(self) -> date:
        return timezone.localdate(timezone=self.zone)

    @property
    def first_day(self) -> date:
        return self.today - timedelta(days=RANGES[self.range] - 1)

    @property
    def since(self) -> datetime:
        return datetime.combine(self.first_day, time.min, self.zone)

    @property
    def stations(self) -> QuerySet[ChargingStation]:
        mine = ChargingStation.objects.filter(operator=self.operator)
        return mine.filter(location=self.site) if self.site else mine

    @property
    def words(self) -> str:
        return self.words_of(self.range)

    @staticmethod
    def words_of(range: str) -> str:
        return _("the last %(n)s days") % {"n": RANGES[range]}
