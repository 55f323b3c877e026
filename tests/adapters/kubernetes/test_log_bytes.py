"""Bytes of a log endpoint to lines: the same whatever the chunks, and as harmless as one by one."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from saxtui.adapters.kubernetes.lines import LONGEST_LOG_LINE
from saxtui.adapters.kubernetes.log_bytes import LogDecoder
from saxtui.model.log_batch import epoch_of, stamp_of
from saxtui.model.text import safe
from tests import hostile


def decoded(data: bytes, cuts: list[int]) -> list[tuple[bytes, bytes]]:
    decoder, found, start = LogDecoder(), [], 0
    for cut in [*sorted(cuts), len(data)]:
        lines = decoder.feed(data[start:cut])
        found += list(zip(lines.stamps, lines.texts, strict=True))
        start = cut
    rest = decoder.rest()
    return found + list(zip(rest.stamps, rest.texts, strict=True))


def naive(data: bytes) -> list[tuple[bytes, bytes]]:
    """Each line by itself, as it is read off the page of the API's documentation."""
    found, last = [], b""
    for raw in data.split(b"\n")[: None if data and not data.endswith(b"\n") else -1]:
        written, _, text = raw.partition(b" ")
        if len(written) >= 20 and written.endswith(b"Z") and epoch_of(written[:-1]) and written[:1].isdigit():
            last = written[:-1]
        else:
            text = raw
        shown = text.decode("utf-8", "replace").rstrip("\r").rpartition("\r")[2]
        found.append((last, safe(shown, LONGEST_LOG_LINE).encode()))
    return found


STAMPS = st.sampled_from(
    [b"2026-11-23T13:00:01Z", b"2026-11-23T13:00:01.5Z", b"2026-11-23T13:00:01.123456789Z", b"2026-11-23T13:00:01.5",
     b"no-stamp", b"", b"2026-11-23Z", b"11111111111111111111Z"]
)  # fmt: skip
TEXTS = st.sampled_from(
    [b"plain", b"", b"\x1b[31mred\x1b[0m", "載入 ✓".encode(), "wide\u3000space".encode(), b"a\tb", b"10%\r50%\r100%\r",
     b"caf\xe9", "\u202eevil".encode(), b"Z in Z text", b"\x00\x7f", "\x85\x9b31m".encode()]
)  # fmt: skip
LINES = st.lists(st.builds(lambda stamp, text: stamp + b" " + text, STAMPS, TEXTS), max_size=8)


@given(LINES, st.booleans(), st.data())
def test_it_is_what_each_line_is_by_itself_however_the_bytes_were_cut(
    lines: list[bytes], ends: bool, data: st.DataObject
) -> None:
    body = b"\n".join(lines) + (b"\n" if ends and lines else b"")
    cuts = data.draw(st.lists(st.integers(0, len(body)), max_size=6))
    assert decoded(body, cuts) == naive(body)


def test_hostile_lines_come_out_harmless_through_the_quick_way() -> None:
    dice = random.Random(5)
    texts = [text.replace("\n", " ") for text in hostile.lines(5, 3_000)]
    body = b"".join(b"2026-11-23T13:00:01Z " + text.encode("utf-8", "surrogatepass") + b"\n" for text in texts)
    cuts = [dice.randrange(len(body)) for _ in range(40)]
    found = decoded(body, cuts)
    assert len(found) == len(texts)
    assert not any(hostile.forbidden(text.decode()) for _, text in found)


def test_a_line_without_end_comes_in_pieces_under_one_stamp() -> None:
    body = b"2026-11-23T13:00:01Z " + b"x" * 200_000 + b"\n2026-11-23T13:00:02Z y\n"
    for cuts in ([], [70_000, 140_000], [200_020]):
        found = decoded(body, list(cuts))
        assert sum(text.count(b"x") for _, text in found) == 200_000
        assert max(len(text) for _, text in found) <= LONGEST_LOG_LINE
        assert found[-1] == (b"2026-11-23T13:00:02", b"y")
        assert {stamp for stamp, _ in found[:-1]} == {b"2026-11-23T13:00:01"}


def test_a_node_in_another_time_zone() -> None:
    found = decoded(b"2026-11-23T15:00:01.25+02:00 hello\n", [])
    assert found == [(b"2026-11-23T13:00:01.25", b"hello")]


def test_stamps_sort_as_bytes_whatever_zeros_were_left_out() -> None:
    written = ["05Z", "05.000001Z", "05.1Z", "05.12Z", "05.123Z", "05.123456789Z", "06Z"]
    body = "".join(f"2026-11-23T17:18:{second} x\n" for second in written).encode()
    stamps = [stamp for stamp, _ in decoded(body, [])]
    assert stamps == sorted(stamps)
    assert len(set(stamps)) == len(written)
    assert stamp_of(epoch_of(stamps[3])) == b"2026-11-23T17:18:05.120000"
