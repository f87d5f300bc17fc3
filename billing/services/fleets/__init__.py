"""Companies that pay for their people."""
