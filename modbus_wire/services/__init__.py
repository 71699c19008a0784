"""What carries out the requests: one module per subject of AP §6."""
