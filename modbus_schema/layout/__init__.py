"""The fields of a class at their addresses, in its shape, and what is wrong with them."""
