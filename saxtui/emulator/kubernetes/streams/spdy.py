"""SPDY/3.1 framing, as far as kubectl port-forward uses it. Pure: bytes in, frames out, and the other way.

After the SPDY/3.1 draft (dev.chromium.org/spdy): a control frame is 1 bit, 15 bits of version, 16 bits of type, 8 bits
of flags and 24 bits of length; a data frame 0, 31 bits of stream id, flags and length. Header blocks are zlib streams
that share one history a connection and start from a fixed dictionary. kubectl's library does no flow control, so
WINDOW_UPDATE and SETTINGS are passed over.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_NAMES = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie "
    "keep-alive origin"
)
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _counted(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


DICTIONARY = b"".join(_counted(name.replace("_", " ").encode()) for name in _NAMES.split()) + _TAIL.encode()
SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
_VERSION, _FIN = 3, 1
LARGEST = 2**20
"""Bytes of a frame; kubectl sends at most 32 KiB."""


class BadFrame(Exception):
    """The peer does not speak SPDY/3.1."""


@dataclass(frozen=True, slots=True)
class Opened:
    """SYN_STREAM."""

    stream: int
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Data:
    """A data frame; `last` when the peer will send no more."""

    stream: int
    payload: bytes
    last: bool


@dataclass(frozen=True, slots=True)
class Reset:
    """RST_STREAM: the peer gave the stream up."""

    stream: int


@dataclass(frozen=True, slots=True)
class Ping:
    """PING; to be sent back as it is."""

    number: int


@dataclass(frozen=True, slots=True)
class GoAway:
    """The peer is about to close."""


Frame = Opened | Data | Reset | Ping | GoAway


class Framer:
    """One connection's state: what has come in so far, and the two header histories."""

    def __init__(self) -> None:
        self._left = b""
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """The frames that `chunk` completes. Raises BadFrame."""
        self._left += chunk
        while len(self._left) >= 8:
            head, sized = struct.unpack(">II", self._left[:8])
            size = sized & 0xFFFFFF
            if size > LARGEST:
                raise BadFrame(f"a frame of {size} bytes")
            if len(self._left) < 8 + size:
                return
            body, self._left = self._left[8 : 8 + size], self._left[8 + size :]
            frame = self._frame(head, sized >> 24, body)
            if frame is not None:
                yield frame

    def _frame(self, head: int, flags: int, body: bytes) -> Frame | None:
        if not head >> 31:
            return Data(head & 0x7FFFFFFF, body, bool(flags & _FIN))
        version, kind = head >> 16 & 0x7FFF, head & 0xFFFF
        if version != _VERSION:
            raise BadFrame(f"SPDY version {version}")
        try:
            if kind == SYN_STREAM:
                return Opened(struct.unpack(">I", body[:4])[0] & 0x7FFFFFFF, self._headers(body[10:]))
            if kind == RST_STREAM:
                return Reset(struct.unpack(">I", body[:4])[0] & 0x7FFFFFFF)
            if kind == PING:
                return Ping(struct.unpack(">I", body[:4])[0])
        except (struct.error, zlib.error, UnicodeDecodeError) as failure:
            raise BadFrame(str(failure)) from None
        return GoAway() if kind == GOAWAY else None

    def _headers(self, block: bytes) -> dict[str, str]:
        raw = self._inflate.decompress(block, LARGEST)
        (count,), at = struct.unpack_from(">I", raw), 4
        words: list[str] = []
        for _ in range(min(count, 256) * 2):
            (size,) = struct.unpack_from(">I", raw, at)
            words.append(raw[at + 4 : at + 4 + size].decode())
            at += 4 + size
        return dict(zip(words[::2], words[1::2], strict=True))

    def reply(self, stream: int) -> bytes:
        """SYN_REPLY without headers: the stream is taken."""
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control(SYN_REPLY, struct.pack(">I", stream) + block)


def _control(kind: int, body: bytes) -> bytes:
    return struct.pack(">HHI", 0x8000 | _VERSION, kind, len(body)) + body


def data(stream: int, payload: bytes, *, last: bool = False) -> bytes:
    """A data frame."""
    return struct.pack(">II", stream, (_FIN if last else 0) << 24 | len(payload)) + payload


def reset(stream: int, code: int = 5) -> bytes:
    """RST_STREAM; code 5 is CANCEL."""
    return _control(RST_STREAM, struct.pack(">II", stream, code))


def ping(number: int) -> bytes:
    """PING."""
    return _control(PING, struct.pack(">I", number))
