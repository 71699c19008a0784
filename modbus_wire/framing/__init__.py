"""Bytes in, ADUs out."""
