"""Money and promises given in advance: wallets, top-ups, vouchers and codes."""
