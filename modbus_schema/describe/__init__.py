"""A map as a document: rows, and what is made of them."""
