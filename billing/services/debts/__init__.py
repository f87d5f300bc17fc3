"""Who owes, how it is collected, and who may not start meanwhile."""
