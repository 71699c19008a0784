"""The version of the distribution, the same for both packages."""

__version__ = "0.1.0"
