"""Reads that span rooms, as a driver sees them: public places, and otherwise only what is theirs."""
