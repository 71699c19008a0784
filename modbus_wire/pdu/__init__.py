"""One class per function code, both directions."""
