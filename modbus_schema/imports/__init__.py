"""Other people's documents of a device as the source of register maps."""
