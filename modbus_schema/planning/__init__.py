"""Which requests bring or carry fields: blocks of neighbouring cells, as data."""
