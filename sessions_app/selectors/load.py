"""What runs now."""

from collections.abc import Collection

from django.db.models import Count

from sessions_app.models import ChargingSession


def active_by_token(token_ids: Collection[int]) -> dict[int, int]:
    """Running sessions per token that keep it from starting another (absent: none). See `authorisation.starting`."""
    rows = ChargingSession.objects.occupying().filter(token__in=token_ids)
    return dict(rows.values_list("token_id").annotate(Count("pk")).values_list("token_id", "pk__count"))
