"""The two wire types of protocol buffers that Sax's small files in the bucket need: varints and strings. Pure."""

from __future__ import annotations

from collections.abc import Iterable

Value = int | str | bytes


def encode(fields: Iterable[tuple[int, Value]]) -> bytes:
    """Fields in the order given; 0 and "" are left out, as proto3 does."""
    out = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            if value:
                out += _varint(number << 3) + _varint(value)
            continue
        data = value.encode() if isinstance(value, str) else value
        if data:
            out += _varint(number << 3 | 2) + _varint(len(data)) + data
    return bytes(out)


def decode(data: bytes) -> list[tuple[int, int | bytes]]:
    """Fields as they come. Raises ValueError on data that is cut short or of another wire type."""
    found: list[tuple[int, int | bytes]] = []
    at = 0
    while at < len(data):
        tag, at = _read(data, at)
        value, at = _read(data, at)
        if tag & 7 == 0:
            found.append((tag >> 3, value))
        elif tag & 7 == 2 and at + value <= len(data):
            found.append((tag >> 3, data[at : at + value]))
            at += value
        else:
            raise ValueError("not a message of varints and strings")
    return found


def text(fields: list[tuple[int, int | bytes]], number: int) -> str:
    """The last string of that number, "" when absent."""
    values = [value for key, value in fields if key == number and isinstance(value, bytes)]
    return values[-1].decode() if values else ""


def number(fields: list[tuple[int, int | bytes]], number: int) -> int:
    """The last varint of that number, 0 when absent."""
    values = [value for key, value in fields if key == number and isinstance(value, int)]
    return values[-1] if values else 0


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at
    raise ValueError("cut short")
