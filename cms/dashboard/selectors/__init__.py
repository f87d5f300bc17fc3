"""What the operator's pages ask of several rooms at once."""
