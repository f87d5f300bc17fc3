"""Numbered documents, electronic invoices and fiscal data."""
