"""Reads: the plans of a map, whole or in parts, and the requests that carry them out."""
