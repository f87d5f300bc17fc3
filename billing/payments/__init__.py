"""Money in: one Protocol, and whoever provides it."""
