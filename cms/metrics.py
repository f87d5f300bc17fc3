"""`/metrics` in Prometheus text, read from the database at each scrape; only from the loopback or with METRICS_TOKEN."""

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Command, Connector, Fault


class _Charging:
    """Gauges of the whole installation."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        stations = ChargingStation.objects.filter(archived_at=None)
        online = stations.filter(online=True).count()
        yield _gauge("colonnina_stations", "Stations by presence", "state", {
            "online": online, "offline": stations.count() - online,
        })  # fmt: skip
        yield _gauge("colonnina_connectors", "Connectors by status", "status", _counts(Connector, "status"))
        yield _gauge("colonnina_commands_open", "Commands under way", "status", _counts(
            Command, "status", status__in=["pending", "sent"],
        ))  # fmt: skip
        yield _gauge("colonnina_faults_open", "Open problems", "kind", _counts(Fault, "kind", closed_at=None))
        active = ChargingSession.objects.active().count()
        unrated = ChargingSession.objects.ended().filter(cdrs=None).count()
        yield _gauge("colonnina_sessions", "Sessions", "state", {"active": active, "unrated": unrated})


def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        raise Http404
    registry = CollectorRegistry()
    registry.register(_Charging())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        return True
    direct = "X-Forwarded-For" not in request.headers  # behind a proxy everybody comes from the loopback
    return direct and request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"}


def _counts(model: type, field: str, **where: object) -> dict[str, int]:
    rows = model.objects.filter(**where).values_list(field).annotate(n=Count("pk"))  # type: ignore[attr-defined]
    return {str(value): n for value, n in rows}


def _gauge(name: str, text: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family
