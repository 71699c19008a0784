"""Pollers: devices read again and again, each field at its own period."""
