"""What every codec is: the verbs that the layout, the plain way and the generated code call.

A codec says what registers mean. It knows neither their address nor the device's byte order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from modbus_schema.codecs.order import NumberRegisters, Order, from_canonical, to_canonical
from modbus_schema.codecs.source import Scope
from modbus_schema.errors import EncodeError
from modbus_schema.sources import Source, Supply

T = TypeVar("T")
U = TypeVar("U")

REGISTER_BITS = 16


class Codec(Generic[T]):
    """What a run of registers, or some bits of one register, means: a value of type ``T``.

    A codec is immutable. Subclass it for a meaning of your own: set `registers`, define `decode`
    and `encode`. They see canonical words, whatever order the device has, each 0..65535.
    """

    __slots__ = ()

    registers: int = 1
    """How many registers the value takes up; in a table of bits: how many bits."""

    number_registers: NumberRegisters = 1
    """How many registers one number spans, which a device may store in either word order.

    1: only the byte order matters. 0: no order matters, the registers are plain bytes. A codec of
    different numbers, one behind the other, has the size of each.
    """

    bit_range: tuple[int, int] | None = None
    """First and last bit, 0 the least significant, of a codec of some bits of one register.

    Its `decode` gets the whole register; its `encode` returns the value in its place in the
    register, all other bits 0.
    """

    bit_table: bool = False
    """Whether the codec is for coils and discrete inputs: its words are bits, 0 or 1."""

    wire: str | None = None
    """How ``struct`` spells the value in generated code; None: only `decode` and `encode` serve."""

    needs: tuple[Source[Any], ...] = ()
    """What else of the device the meaning depends on, such as a scale factor; see `supplied`."""

    def supplied(self, supplies: Mapping[Source[Any], Supply]) -> Codec[T]:
        """Return the codec that decodes and encodes where what this one `needs` has these values.

        It takes up the same registers and needs nothing. A value that makes no sense is refused
        not here but by the codec's verbs.
        """
        return self

    def decode(self, words: Sequence[int]) -> T:
        """Return what the words mean; raises DecodeError for words that mean nothing."""
        raise NotImplementedError

    def encode(self, value: T) -> list[int]:
        """Return the words that mean the value; raises EncodeError where there are none."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def optional(self, *sentinels: float) -> Codec[T | None]:
        """Return this codec with raw patterns that mean "not available": they decode to None.

        A sentinel is the unsigned pattern of the whole value (``0x8000`` for an ``int16``), or
        ``math.nan`` for a float. None is encoded as the first one. Raises DefinitionError.
        """
        from modbus_schema.codecs.optional import OptionalCodec

        return OptionalCodec(self, sentinels)

    def or_nan(self: Codec[float], *sentinels: float) -> Codec[float]:
        """Return this codec of numbers with raw patterns that mean "not available": NaN.

        As `optional`, for those who would rather have a float at all times.
        """
        from modbus_schema.codecs.optional import NanCodec

        return NanCodec(self, sentinels)

    def converted(self, read: Callable[[T], U], write: Callable[[U], T]) -> Codec[U]:
        """Return the codec of ``read(value)``; ``write`` is its reverse.

        Whatever either raises refuses the value, as `DecodeError` or `EncodeError`.
        """
        from modbus_schema.codecs.converting import Converted

        return Converted(self, read, write)

    def decode_source(self, raw: str, scope: Scope) -> str:
        """Return the expression that converts ``raw``, unpacked as `wire` says, to the value.

        ``raw`` is an expression to which operators can be applied; of a codec with `bit_range` it
        is the unsigned bits. Statements that are needed first go to ``scope``. What cannot be
        converted raises some exception; the plain way is taken then, and says which.
        """
        raise NotImplementedError

    def encode_source(self, value: str, scope: Scope) -> str:
        """Return the expression that converts the variable ``value``: `decode_source` reversed."""
        raise NotImplementedError


def canonical(data: bytes, codec: Codec[Any], order: Order) -> list[int]:
    """Return the words that `Codec.decode` gets, from registers in a device's order."""
    return to_canonical(data, codec.number_registers, order)


def device_bytes(words: Sequence[int], codec: Codec[Any], order: Order) -> bytes:
    """Return what `Codec.encode` gave as registers in a device's order."""
    return from_canonical(words, codec.number_registers, order)


def encode_checked(codec: Codec[T], value: T) -> list[int]:
    """Return ``codec.encode(value)``; raises EncodeError for words that do not fit the codec.

    The built-in codecs need no such check; it keeps one of the user's from cutting a value.
    """
    words: list[Any] = codec.encode(value)
    if len(words) != codec.registers:
        raise EncodeError(f"{codec!r} gave {len(words)} words, not {codec.registers}")
    allowed = bit_mask(codec)
    for word in words:
        if not isinstance(word, int) or word & ~allowed:
            raise EncodeError(f"{codec!r} gave {word!r}, which does not fit")
    return words


def bit_mask(codec: Codec[Any]) -> int:
    """Return the bits that each word of a codec may have set."""
    if codec.bit_table:
        return 1
    if codec.bit_range is None:
        return 0xFFFF
    first, last = codec.bit_range
    return (1 << last + 1) - (1 << first)


def pattern_bits(codec: Codec[Any]) -> int:
    """Return how many bits the raw pattern of a register codec has."""
    if codec.bit_range is None:
        return REGISTER_BITS * codec.registers
    first, last = codec.bit_range
    return last + 1 - first


def pattern_of(words: Sequence[int], codec: Codec[Any]) -> int:
    """Return the raw pattern of a register codec's words as one unsigned number."""
    if codec.bit_range is not None:
        return (words[0] & bit_mask(codec)) >> codec.bit_range[0]
    pattern = 0
    for word in words:
        pattern = pattern << REGISTER_BITS | word
    return pattern


def words_of(pattern: int, codec: Codec[Any]) -> list[int]:
    """Return the words of a raw pattern; ``pattern_of`` reversed."""
    if codec.bit_range is not None:
        return [pattern << codec.bit_range[0]]
    shifts = range(REGISTER_BITS * (codec.registers - 1), -1, -REGISTER_BITS)
    return [pattern >> shift & 0xFFFF for shift in shifts]
