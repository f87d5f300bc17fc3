"""The stations' part of the API (api-contract §2 and §3)."""
