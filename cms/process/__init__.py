"""The processes behind `make run`: which they are, and the supervisor that keeps them together."""
