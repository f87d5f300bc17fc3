"""Receipts, invoices and credit notes: their numbers, their words, their pages."""
