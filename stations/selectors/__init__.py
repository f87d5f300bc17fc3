"""What the screens and the API read about stations."""
