"""Cells as the wire carries them, packed and unpacked without the package's help."""


def words(data: bytes | bytearray) -> list[int]:
    """Return the registers in big-endian bytes."""
    return [data[n] << 8 | data[n + 1] for n in range(0, len(data), 2)]


def to_bytes(values: list[int]) -> bytes:
    """Return registers as big-endian bytes."""
    return b"".join(value.to_bytes(2, "big") for value in values)


def packed(bits: list[bool]) -> bytes:
    """Return bits eight to a byte, lowest first."""
    size = (len(bits) + 7) // 8
    return sum(bit << n for n, bit in enumerate(bits)).to_bytes(size, "little")
