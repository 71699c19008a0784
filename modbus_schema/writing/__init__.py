"""Writes: what is asked, the requests that it takes, what became of them."""
