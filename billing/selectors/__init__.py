"""What screens and lists ask of billing."""
