"""The hall's own tables: only roll-ups that can be computed again at any time."""

from cms.reports.models import DailyRevenue, HourlyUsage

__all__ = ["DailyRevenue", "HourlyUsage"]
