"""Closing a month, and the files that accountants take from it."""
