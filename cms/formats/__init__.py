"""Dates as people here write them: Django's Italian is long ("Lunedì 03 Novembre"), its English American."""
