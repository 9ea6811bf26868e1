"""Damage to bytes, by a seed: what disks, downloads, editors and people do to files."""

from __future__ import annotations

import random

#: Bytes that mean something to one format or another.
WORDS = (
    b"\x00",
    b"\xff",
    b"\x00" * 8,
    b"\xff" * 8,
    b"\x7f\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\n",
    b"\r",
    b"\t",
    b" ",
    b",",
    b";",
    b"#",
    b"%",
    b"=",
    b"[",
    b"]",
    b"[[",
    b"{",
    b"}",
    b'"',
    b"'",
    b'"""',
    b"\\",
    b"\\u0000",
    b".",
    b"-",
    b"+",
    b"e",
    b"nan",
    b"-nan",
    b"inf",
    b"-inf",
    b"1e999",
    b"-1e999",
    b"1e-999",
    b"0",
    b"-1",
    b"1",
    b"2147483647",
    b"2147483648",
    b"-2147483649",
    b"4294967296",
    b"9223372036854775807",
    b"9223372036854775808",
    b"99999999999999999999",
    b"1_000",
    b"0x10",
    b"1" * 5000,
    b"true",
    b"false",
    b"None",
    b"null",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    "\u202e".encode(),
    "\u0661".encode(),
    b"../",
    b"/dev/zero",
    b"~nobody/x",
    b"%s%n",
    b"__import__('os')",
    b"{{7*7}}",
    b"$(id)",
    b"\x1f\x8b",
    b"\x89HDF\r\n\x1a\n",
    b"\x93NUMPY",
    b"%%MatrixMarket",
    b"PK\x03\x04",
)


def cuts(content, tries=40):
    """Content that ends early: at each of its first and last bytes, and evenly between."""
    size = len(content)
    places = {*range(min(24, size)), *(size - k for k in range(1, min(12, size) + 1))}
    places |= {size * k // tries for k in range(tries)}
    return [content[:at] for at in sorted(places) if at < size]


def flips(content, header, seed, tries=60, least=0):
    """Content in which one bit, or a few, are others: each byte of the header, and random places behind it."""
    rng = random.Random(seed)
    found = []
    for at in range(least, min(header, len(content))):
        found.append(_flipped(content, [(at, rng.randrange(8))]))
    for _ in range(tries):
        places = [(rng.randrange(least, len(content)), rng.randrange(8)) for _ in range(rng.choice((1, 1, 1, 2, 4)))]
        found.append(_flipped(content, places))
    return found


def _flipped(content, places):
    changed = bytearray(content)
    for at, bit in places:
        changed[at] ^= 1 << bit
    return bytes(changed)


def mutated(content, rng, others=()):
    """Content after a few random changes: bits, words put in or over, parts left out, doubled, or of another file."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        at, way = rng.randrange(len(changed) + 1), rng.randrange(8)
        end = min(len(changed), at + rng.choice((1, 2, 4, 16, 200)))
        if way == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif way == 1:
            changed[at:at] = rng.choice(WORDS)
        elif way == 2:
            changed[at:end] = rng.choice(WORDS)
        elif way == 3:
            del changed[at:end]
        elif way == 4:
            changed[at:at] = changed[at:end] * rng.choice((1, 1, 2, 50))
        elif way == 5:
            del changed[at:]
        elif way == 6 and others:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            changed[at:at] = other[start : start + rng.choice((4, 40, 400))]
        elif at < len(changed):
            changed[at] = rng.randrange(256)
    return bytes(changed)
