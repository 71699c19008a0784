"""What the drop-in client does its own way: answers it accepts, error codes, debug output."""
