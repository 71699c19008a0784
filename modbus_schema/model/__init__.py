"""The class of a map: from its body to frozen instances and typed references."""
