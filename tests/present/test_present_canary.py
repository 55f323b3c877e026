"""Beats as a strip: one character each, the bad ones marked, the last one in words."""

from __future__ import annotations

import pytest

from saxtui.model.serving import Beat, Pulse
from saxtui.present.canary import beat_words, strip


def beats(*shown: tuple[Pulse, float]) -> tuple[Beat, ...]:
    return tuple(Beat(float(at), pulse, seconds, "/sax/test/m") for at, (pulse, seconds) in enumerate(shown))


MIXED = beats(
    (Pulse.OK, 1.0), (Pulse.OK, 4.0), (Pulse.SLOW, 12.0), (Pulse.TIMEOUT, 30.0), (Pulse.ERROR, 0.1), (Pulse.BLOCKED, 0)
)


@pytest.mark.parametrize(("plain", "marks"), [(False, "▁▂█✗✗·"), (True, "__^xx-")])
def test_one_mark_a_beat(plain: bool, marks: str) -> None:
    assert strip(MIXED, 60, plain=plain).marks == marks
    assert strip(MIXED, 3, plain=plain).marks == marks[-3:]


@pytest.mark.parametrize(
    ("shown", "said", "role"),
    [
        ((), "no beat yet", "dim"),
        (MIXED[:2], "4.0 s", "ok"),
        (MIXED[:3], "12.0 s", "warn"),
        (MIXED[:4], "no answer in 30 s, 1 of 4 not answered", "bad"),
        ((*MIXED[3:4], *MIXED[:1]), "1.0 s, 1 of 2 not answered", "warn"),
        (MIXED, "not sent: the server is blocked, 3 of 6 not answered", "bad"),
    ],
)
def test_last_beat_in_words(shown: tuple[Beat, ...], said: str, role: str) -> None:
    found = strip(shown, 60)
    assert (found.said, found.role) == (said, role)


def test_the_newest_beat_as_a_line_of_status() -> None:
    assert beat_words(None, 30, 0.0) == ("no beat yet: one every 30 s while the console is open", "dim")
    assert beat_words(None, 0, 0.0) == ("off", "dim")
    assert beat_words(Beat(100.0, Pulse.OK, 0.84, "m"), 30, 112.0) == ("answered in 0.8 s, 12s ago", "ok")
    assert beat_words(Beat(100.0, Pulse.SLOW, 12.0, "m"), 0, 160.0) == (
        "answered in 12.0 s, slow, 60s ago; off now",
        "warn",
    )
    assert beat_words(Beat(100.0, Pulse.TIMEOUT, 30.0, "m", "late"), 30, 400.0) == ("no answer in 30 s, 5m ago", "bad")
    assert beat_words(Beat(100.0, Pulse.ERROR, 1.0, "m", "out of order"), 30, 101.0) == (
        "refused (out of order), 1s ago",
        "bad",
    )
