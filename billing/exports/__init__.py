"""Files for accountants: the table of what can be had (`kinds`), how each is written (`presets`, `writers`), and the lists themselves.

A new file is a `Kind` in a module of its own, registered where its room gets ready (`billing.apps`, or a higher room's).
"""
