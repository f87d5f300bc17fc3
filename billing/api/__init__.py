"""/tariffs/, /cdrs/, /invoices/ (api-contract §9)."""
