"""Registers that hold bytes: texts and raw data, two bytes to a register."""

import struct
from collections.abc import Sequence

from modbus_schema.codecs.base import Codec
from modbus_schema.codecs.order import NumberRegisters
from modbus_schema.codecs.source import Scope
from modbus_schema.codecs.value import Value
from modbus_schema.errors import DecodeError, DefinitionError, EncodeError


def _words(data: bytes) -> list[int]:
    return list(struct.unpack(f">{len(data) // 2}H", data))


def _data(words: Sequence[int]) -> bytes:
    return struct.pack(f">{len(words)}H", *words)


class Raw(Value, Codec[bytes]):
    """Register bytes as they came, the high byte of each register first."""

    registers: int
    wire: str | None
    number_registers: NumberRegisters = 0

    def decode(self, words: Sequence[int]) -> bytes:
        return _data(words)

    def encode(self, value: bytes) -> list[int]:
        return _words(self.data(value))

    def data(self, value: object) -> bytes:
        """Return a value as bytes of the right length; raises EncodeError."""
        if not isinstance(value, bytes | bytearray | memoryview):
            raise EncodeError(f"{value!r} is not bytes")
        data = bytes(value)
        if len(data) != 2 * self.registers:
            raise EncodeError(f"{len(data)} bytes do not fill {2 * self.registers} exactly")
        return data

    def decode_source(self, raw: str, scope: Scope) -> str:
        return raw

    def encode_source(self, value: str, scope: Scope) -> str:
        return f"{scope.bind(self.data)}({value})"

    def __repr__(self) -> str:
        return f"raw({self.registers})"


class String(Value, Codec[str]):
    """A text with padding behind it, or a NUL and then whatever the device left there."""

    registers: int
    encoding: str
    padding: str
    terminated: bool
    nul: bytes
    """A NUL in the encoding; its length is that of the encoding's unit."""
    filler: bytes
    fallback: str | None
    """The encoding of bytes that are no text in the first one."""
    wire: str | None

    def decode(self, words: Sequence[int]) -> str:
        return self.text(_data(words))

    def encode(self, value: str) -> list[int]:
        return _words(self.data(value))

    def text(self, data: bytes) -> str:
        """Return the text in the bytes, without padding; raises DecodeError."""
        if self.terminated:
            data = self._until_nul(data)
        try:
            return self._decoded(data).rstrip(self.padding)
        except UnicodeError as error:
            raise DecodeError(f"{data!r} is no {self.encoding} text: {error}") from None

    def _decoded(self, data: bytes) -> str:
        try:
            return data.decode(self.encoding)
        except UnicodeError:
            if self.fallback is None:
                raise
            return data.decode(self.fallback)

    def _until_nul(self, data: bytes) -> bytes:
        unit = len(self.nul)
        for start in range(0, len(data), unit):
            if data[start : start + unit] == self.nul:
                return data[:start]
        return data

    def data(self, value: object) -> bytes:
        """Return the bytes of a text, filled up; raises EncodeError for one that would change."""
        if not isinstance(value, str):
            raise EncodeError(f"{value!r} is not a text")
        try:
            data = value.encode(self.encoding)
        except UnicodeError as error:
            raise EncodeError(f"{value!r} has no {self.encoding} form: {error}") from None
        room = 2 * self.registers - len(data)
        if room < 0:
            raise EncodeError(f"{value!r} takes {len(data)} bytes of {2 * self.registers}")
        if self.terminated and room:
            data += self.nul
            room -= len(self.nul)
        data += self.filler * (room // len(self.filler))
        if self.text(data) != value:
            raise EncodeError(f"{value!r} would be read back as {self.text(data)!r}")
        return data

    def decode_source(self, raw: str, scope: Scope) -> str:
        return f"{scope.bind(self.text)}({raw})"

    def encode_source(self, value: str, scope: Scope) -> str:
        return f"{scope.bind(self.data)}({value})"

    def __repr__(self) -> str:
        encoding = "" if self.encoding == "utf-8" else f", {self.encoding!r}"
        padding = "" if self.padding == "\0" else f", padding={self.padding!r}"
        terminated = ", terminated=True" if self.terminated else ""
        fallback = "" if self.fallback is None else f", fallback={self.fallback!r}"
        return f"string({self.registers}{encoding}{padding}{terminated}{fallback})"


def raw(registers: int) -> Codec[bytes]:
    """Return the codec of the bytes of so many registers; neither order applies to them."""
    check_count(registers, "raw")
    return Raw(registers, wire=f"{2 * registers}s")


def string(
    registers: int,
    encoding: str = "utf-8",
    *,
    padding: str = "\0",
    terminated: bool = False,
    fallback: str | None = None,
) -> Codec[str]:
    """Return the codec of a text of up to ``2 * registers`` bytes.

    Trailing ``padding``, one character, is stripped; a NUL inside the text is part of it, unless
    ``terminated`` says that the text ends there. A text that is too long, has no form in the
    encoding, or would be read back as another one is refused. Bytes that are no text in the
    encoding are a DecodeError, unless there is a ``fallback``, such as ``"latin-1"``, that they
    are read by. Raises DefinitionError.
    """
    check_count(registers, "string")
    nul, filler = _encoded("\0", encoding), _encoded(padding, encoding)
    if len(padding) != 1:
        raise DefinitionError(f"the padding of a string is one character, not {padding!r}")
    if _encoded("\0\0", encoding) != 2 * nul:
        raise DefinitionError(f"{encoding} marks the byte order: choose one, as in utf-16-be")
    if fallback is not None and _encoded("\0", fallback) != nul:
        raise DefinitionError(f"a NUL of {fallback} is not as long as one of {encoding}")
    if len(filler) != len(nul) or 2 * registers % len(nul):
        raise DefinitionError(
            f"{padding!r} in {encoding} cannot fill {2 * registers} bytes to any length"
        )
    return String(
        registers,
        encoding=encoding,
        padding=padding,
        terminated=terminated,
        nul=nul,
        filler=filler,
        fallback=fallback,
        wire=f"{2 * registers}s",
    )


def check_count(count: object, what: str) -> None:
    """Raise DefinitionError for a size that is no positive integer."""
    if type(count) is not int or count < 1:
        raise DefinitionError(f"{what}() takes a number of 1 or more, not {count!r}")


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except (LookupError, UnicodeError, TypeError) as error:
        raise DefinitionError(f"{text!r} cannot be encoded as {encoding!r}: {error}") from None
