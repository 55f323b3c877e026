"""Beats as a strip: one character each, the bad ones marked, the last one in words."""

from __future__ import annotations

import pytest

from saxtui.model.serving import Beat, Pulse
from saxtui.present.canary import strip


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
