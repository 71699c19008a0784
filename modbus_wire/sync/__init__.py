"""The blocking drivers: sockets, locks and deadlines."""
