"""The values of instances, out of them and into them: dictionaries, JSON, columns."""
