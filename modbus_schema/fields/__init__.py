"""What a class body says: where a field is, who may write it, how it is read and written."""
