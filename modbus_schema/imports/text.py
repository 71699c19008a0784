"""Python text: calls that fit the line, literals, docstrings."""

from __future__ import annotations

import io
import json
import textwrap
import tokenize
from collections.abc import Mapping, Sequence

LINE = 100


def call(head: str, arguments: Sequence[str], indent: str = "    ") -> list[str]:
    """Return the lines of ``head(arguments)``, as a formatter breaks them."""
    joined = ", ".join(arguments)
    if len(indent) + len(head) + len(joined) + 2 <= LINE:
        return [f"{indent}{head}({joined})"]
    target, equals, function = head.partition(" = ")
    if equals and len(indent) + len(head) >= LINE:
        lines = call(function, arguments, f"{indent}    ")
        return [f"{indent}{target} = (", *lines, f"{indent})"]
    inner = f"{indent}    "
    if len(inner) + len(joined) <= LINE:
        return [f"{indent}{head}(", f"{inner}{joined}", f"{indent})"]
    lines = [line for each in arguments for line in _argument(each, inner)]
    return [f"{indent}{head}(", *lines, f"{indent})"]


def _argument(argument: str, indent: str) -> list[str]:
    """Return the lines of an argument; a text that is too long for one is put in parentheses."""
    keyword, _, text = argument.partition("=")
    if len(indent) + len(argument) < LINE or not (keyword.isidentifier() and text[:1] in "\"'"):
        return [f"{indent}{argument},"]
    pieces = textwrap.wrap(
        _unquoted(text),
        LINE - len(indent) - 6,
        drop_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )
    lines = [f"{indent}    {_quoted(piece)}" for piece in pieces]
    return [f"{indent}{keyword}=(", *lines, f"{indent}),"]


def literal(value: str | float) -> str:
    """Return a text or a number as source; a whole number has no decimals."""
    if isinstance(value, str):
        return _quoted(value)
    return repr(int(value)) if float(value).is_integer() else repr(value)


def docstring(text: str, indent: str = "    ") -> list[str]:
    """Return the lines of a docstring."""
    safe = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').strip() or "Registers."
    room = LINE - len(indent) - 6
    lines = [line for one in safe.splitlines() for line in textwrap.wrap(one, room) or [""]]
    first, *others = lines
    if not others:
        return [f'{indent}"""{first}{" " if first.endswith(chr(34)) else ""}"""']
    rest = [f"{indent}{line}" if line else "" for line in others]
    return [f'{indent}"""{first}', *rest, f'{indent}"""']


def sentence(text: str) -> str:
    """Return a text that ends as a sentence does."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def names_in(source: str) -> set[str]:
    """Return the names that an expression uses, without attributes and keywords."""
    tokens = [token for token in _tokens(source) if token.string]
    return {
        token.string
        for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False)
        if token.type == tokenize.NAME
        and (before is None or before.string != ".")
        and (after is None or after.string != "=")
    }


def renamed(source: str, names: Mapping[str, str]) -> str:
    """Return an expression with other names in it, and its texts in double quotes."""
    lines = list(source)
    for token in reversed(_tokens(source)):
        start, end = token.start[1], token.end[1]
        before = source[start - 1] if start else ""
        if token.type == tokenize.STRING:
            lines[start:end] = _quoted(_unquoted(token.string))
        elif token.string in names and before != "." and source[end : end + 1] != "=":
            lines[start:end] = names[token.string]
    return "".join(lines)


def _quoted(text: str) -> str:
    """Return a text in the quotes that need fewer escapes, double ones by choice."""
    double = json.dumps(text, ensure_ascii=False)
    if text.count('"') <= text.count("'"):
        return double
    inside = double[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inside}'"


def _unquoted(text: str) -> str:
    import ast

    return str(ast.literal_eval(text))


def _tokens(source: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(source).readline))
