"""The demo world: two invented operators, their stations, people and sixty days of charging, and the fleet that keeps it alive.

It exists only where `settings.DEMO` is on; nothing outside this package knows of it.
"""
