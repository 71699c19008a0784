"""Maps of real devices, from their public data sheets: to use, and to learn from."""
