"""Inputs that are nearly good: sound ones with faults, and what has broken programs before."""

from __future__ import annotations

import copy
import json

from hypothesis import strategies as st

__all__ = ["JSONS", "NUMBERS", "TEXTS", "altered", "altered_json", "damaged"]

_NASTY = [
    "",
    " ",
    "\0",
    "a\0b",
    "../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\win.ini",
    "~root",
    "%2e%2e%2f",
    "....//",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\\[x\\](//evil.example)",
    "http://evil.example",
    "javascript:alert(1)",
    "${7*7}",
    "{0.__class__}",
    "%s%n",
    "'; DROP TABLE runs; --",
    "__import__('os').system('x')",
    "$(reboot)",
    "`id`",
    "=cmd|' /C calc'!A0",
    "\ud800",
    "\udfff\ud800",
    "\u202egnp",
    "\x1b[31m",
    "\x85\u2028",
    "\r\nX: y",
    "٣",
    "²",
    "½",
    "1_000",
    "0x10",
    "1e999",
    "-1e999",
    "nan",
    "inf",
    "-0",
    "9" * 5000,
    "1" + "0" * 400,
    "true",
    "null",
    "None",
    "[]",
    "{}",
    "😀" * 30,
    "é" * 61,
    "ﷺ" * 41,
    "constructor",
    "__proto__",
    "__class__",
]
TEXTS = st.sampled_from(_NASTY) | st.text(max_size=40) | st.text("0123456789.,;:-+eE=/ \n\tnaif", max_size=30)
NUMBERS = (
    st.sampled_from([0, -1, 1, 2**31, 2**32, 2**63, 2**64, 10**15, 10**300, 10**400, -(10**400), 1e300, 5e-324, 0.0])
    | st.integers()
    | st.floats()
)
JSONS = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)
_DEEP = ["[" * 100_000, '{"a":' * 100_000, "[" * 900 + "]" * 900, "1" * 5000, "1e400", "NaN", "-Infinity", '"\\ud800"']


@st.composite
def damaged(draw, contents):
    """Bytes of one of ``contents`` that were cut, turned, put twice, or that tell of other sizes than they have."""
    content = bytearray(draw(contents))
    for _ in range(draw(st.integers(1, 4))):
        if not content:
            break
        # The ends, where headers and tables lie, more often.
        at = draw(st.integers(0, 60) | st.integers(-120, -1) | st.integers(0, len(content) - 1)) % len(content)
        match draw(st.sampled_from(["bit", "byte", "size", "size", "cut", "drop", "twice", "put", "move"])):
            case "bit":
                content[at] ^= 1 << draw(st.integers(0, 7))
            case "byte":
                content[at] = draw(st.integers(0, 255))
            case "size":
                size = draw(st.sampled_from([0, 1, 2, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 10_000]))
                content[at : at + 4] = size.to_bytes(4, draw(st.sampled_from(["big", "little"])))
            case "cut":
                del content[at:]
            case "drop":
                del content[at : at + draw(st.integers(1, 64))]
            case "twice":
                content += content[at:]
            case "put":
                content[at:at] = draw(st.binary(min_size=1, max_size=40))
            case "move":
                content = content[at:] + content[:at]
    return bytes(content)


@st.composite
def altered(draw, values):
    """A JSON value of which a few parts, however deep, are others, missing or more."""
    values = copy.deepcopy(draw(values))
    for _ in range(draw(st.integers(1, 3))):
        where = values
        while isinstance(where, dict | list) and where:
            key = draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
            if isinstance(where[key], dict | list) and where[key] and draw(st.integers(0, 3)):
                where = where[key]
                continue
            match draw(st.sampled_from(["other", "other", "kind", "missing", "more"])):
                case "other":
                    where[key] = draw(JSONS)
                case "kind":
                    kinds = [str(where[key])[:60], [where[key]], {"a": where[key]}, None, True, -1, 0.5, 10**20]
                    where[key] = draw(st.sampled_from(kinds))
                case "missing":
                    del where[key]
                case "more" if isinstance(where, dict):
                    where[draw(TEXTS)] = draw(JSONS)
            break
    return values


@st.composite
def altered_json(draw, values):
    """The bytes of an altered JSON value; some are no JSON, nest without end, or name a thing twice."""
    text = json.dumps(draw(altered(values) | JSONS))
    match draw(st.sampled_from(["", "", "", "damaged", "twice", "deep", "bytes"])):
        case "damaged":
            return draw(damaged(st.just(text.encode())))
        case "twice" if text.startswith('{"'):
            name = text[1 : text.index('"', 2) + 1]
            return f"{text[:-1]}, {name}: {json.dumps(draw(JSONS))}}}".encode()
        case "deep":
            return text.replace("null", draw(st.sampled_from(_DEEP)), 1).encode() + draw(
                st.sampled_from([b"", _DEEP[0].encode()])
            )
        case "bytes":
            return draw(st.binary(max_size=60) | st.just(b"\xff\xfe" + text.encode("utf-16-le")))
    return text.encode()
