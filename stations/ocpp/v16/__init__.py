"""OCPP 1.6 edition 2 with the security extension."""
