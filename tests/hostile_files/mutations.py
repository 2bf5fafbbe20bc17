"""What strangers may do to a file: values, headers and bytes that nobody expects."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

NAMES = (
    "../../x", "/etc/passwd", "..\\..\\x", "CON", "a\0b", "~", "x" * 300, "", " ", ".", "%2e%2e/",
)  # fmt: skip
MARKUP = (
    "<script>alert(1)</script>", '" onmouseover="alert(1)', "[x](javascript:alert(1))", "a | b",
    "\x1b[2J\x1b]0;title\x07", "\x9b31m\x7f\b", "gnp.\u202eexe\u2066", "\u2028\x85", "\ud800",
    "=cmd|'/c calc'!A0", "+1", "@SUM(A1)", "$\\frac{$", "\\input{/etc/passwd}", "{{ 7*7 }}",
    "one\n\n# two\r\n", "[red]boo[/red]", "```\n", "<!--", "]]>", "&lt;", "%(x)s {0}",
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 2, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, 10**10, 10**18, 10**400, -(10**400), 1e308,
    1e-320, 0.1, -0.0, math.nan, math.inf, -math.inf,
)  # fmt: skip
texts = st.sampled_from((*NAMES, *MARKUP)) | st.text(max_size=12)
scalars = st.none() | st.booleans() | st.sampled_from(NUMBERS) | st.floats() | texts
values = st.recursive(
    scalars,
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(texts, deeper, max_size=3),
    max_leaves=5,
)


def nested(depth: int, what: str) -> Any:
    """Lists or objects within each other."""
    found: Any = 1
    for _ in range(depth):
        found = [found] if what == "lists" else {"a": found}
    return found


hostile = values | st.builds(nested, st.sampled_from([50, 150, 700]), st.sampled_from("lo"))


# Bytes


def spoilt(data: st.DataObject, content: bytes) -> bytes:
    """The bytes, a few of them changed, cut, added or doubled."""
    for _ in range(data.draw(st.integers(1, 3))):
        content = _spoil(data, bytearray(content))
    return content


def _spoil(data: st.DataObject, content: bytearray) -> bytes:
    # what a header says stands at the beginning, or in a zip at the end
    most = len(content)
    place = data.draw(
        st.integers(0, min(most, 200)) | st.integers(0, most)
        | st.integers(max(0, most - 200), most)
    )  # fmt: skip
    how = data.draw(st.sampled_from(["flip", "cut", "insert", "number", "double", "zero"]))
    if how == "flip" and place < most:
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    elif how == "cut":
        del content[place:]
    elif how == "insert":
        content[place:place] = data.draw(st.binary(max_size=16))
    elif how == "number":
        shape = data.draw(st.sampled_from(["<I", ">I", "<Q", "<H"]))
        number = data.draw(st.sampled_from([0, 1, 0x7FFF, 0xFFFF, 2**31, 2**32 - 1, 2**40, 2**63]))
        packed = struct.pack(shape, number % 2 ** (8 * struct.calcsize(shape)))
        content[place : place + len(packed)] = packed
    elif how == "double":
        content[place:place] = content[place : place + 64]
    else:
        content[place : place + 8] = bytes(len(content[place : place + 8]))
    return bytes(content)


# Documents


def altered(data: st.DataObject, document: Any) -> Any:
    """The document of JSON with another value, name or length somewhere in it."""
    document = json.loads(json.dumps(document))
    place, above, where = document, None, None
    while isinstance(place, dict | list) and place and (above is None or data.draw(st.booleans())):
        keys = list(place) if isinstance(place, dict) else range(len(place))
        above, where = place, data.draw(st.sampled_from(keys))
        place = above[where]
    if above is None:
        return data.draw(hostile)
    how = data.draw(st.sampled_from(["value", "value", "value", "drop", "name", "more"]))
    if how == "drop":
        del above[where]
    elif how == "name" and isinstance(above, dict):
        above[data.draw(texts)] = above.pop(where)
    elif how == "more" and isinstance(above, list):
        above += [place] * data.draw(st.sampled_from([1, 3, 5000]))
    else:
        above[where] = data.draw(hostile)
    return document


def as_json(document: Any) -> bytes:
    """With NaN and infinities, as Python writes them; a lone surrogate is an escape."""
    return json.dumps(document).encode()


def spoilt_document(data: st.DataObject, content: bytes) -> bytes:
    """A file of JSON, or one of JSON lines, with another value or with other bytes."""
    if data.draw(st.integers(0, 3)) == 0:
        return spoilt(data, content)
    lines = content.split(b"\n")
    if len(lines) > 2 and lines[0][:1] == b"{" and lines[0][-1:] == b"}":
        k = data.draw(st.integers(0, len(lines) - 2))
        lines[k] = as_json(altered(data, json.loads(lines[k])))
        return b"\n".join(lines)
    return as_json(altered(data, json.loads(content)))


def reframed(data: st.DataObject, content: bytes, key: str) -> bytes:
    """A safetensors file with another header; `key`: of the document in its metadata."""
    if data.draw(st.integers(0, 3)) == 0:
        return spoilt(data, content)
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    if data.draw(st.booleans()):
        about = altered(data, json.loads(header["__metadata__"][key]))
        header["__metadata__"][key] = json.dumps(about)
    else:
        header = altered(data, header)
    text = as_json(header)
    claimed = data.draw(st.sampled_from([len(text)] * 9 + [0, 2**40, 2**63]))
    return struct.pack("<Q", claimed) + text + content[8 + length :]


shapes = st.lists(
    st.sampled_from([0, 1, 3, 4, 8, -1, 2**31, 2**40, 10**12, 2**63, 10**30]), max_size=5
)
dtypes = st.sampled_from(
    ["|u1", "<u2", "<f8", "|O", "|V0", "|V100000000", "<U1000000", "|S0", "|b1", "<M8[s]", "u1,u1"]
)


def npy(data: st.DataObject, content: bytes) -> bytes:
    """A .npy file with another header, which numpy parses as Python."""
    if data.draw(st.integers(0, 3)) == 0:
        return spoilt(data, content)
    shape, dtype = tuple(data.draw(shapes)), data.draw(dtypes)
    odd = ("-" * 5000 + "1", "(" * 300 + ")" * 300, "[" * 5000, "__import__('os')", "1e999", "'x'")
    said = data.draw(st.sampled_from([repr(shape)] * 6 + list(odd)))
    header = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {said}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) % 2**16) + header + content[128:]


TOML = (
    "0x" + "f" * 5000, "9" * 5000, "1e999", "nan", "-inf", "inf", "[" * 300 + "]" * 300, "-1", "0",
    "1979-05-27T07:32:00Z", "[0.5, nan]", "[1, 2, 3]", "{}", '"\\u0000"', '"\\u202e"', "true",
    "{ log = [0, 1] }", "{ linear = [-inf, inf] }", "{ log = [1e-400, 1] }", "{ choices = [] }",
    "{ choices = [nan] }", "{ log = [1, 0x" + "f" * 400 + "] }", "{ choices = ['<b>', '\\u001b'] }",
    "{ linear = ['a', 'b'] }", "{ log = [1e-5, 1e-3], choices = [1] }", "'''\n\n'''", "[[], []]",
    "{ choices = [" + "1, " * 5000 + "] }", "1_0", "9223372036854775808", "07:32:00",
)  # fmt: skip


def toml(data: st.DataObject, fields: list[str]) -> bytes:
    """A few lines of TOML, most of them of these fields."""
    names = st.sampled_from(fields) | texts.map(lambda text: json.dumps(text))
    lines = data.draw(
        st.lists(st.tuples(names, st.sampled_from(TOML) | hostile.map(json.dumps)), max_size=3)
    )
    text = "".join(f"{name} = {value}\n" for name, value in lines).encode(errors="surrogatepass")
    return spoilt(data, text) if data.draw(st.integers(0, 3)) == 0 else text


Mutate = Callable[[st.DataObject, bytes], bytes]
