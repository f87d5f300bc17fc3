"""What a charge will cost: tariffs, their versions and drafts, and which one a session gets."""
