"""Limiting the power of stations that obey in their own ways. Pure."""
