"""The newest beat on disk: there and back, private, and nothing where there is none to read."""

from __future__ import annotations

import stat
from pathlib import Path

from saxtui.adapters.disk.last_beat import DiskLastBeat
from saxtui.model.serving import Beat, Pulse


async def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "canary" / "abcdef.json"
    kept = DiskLastBeat(path)
    assert await kept.load() is None
    beat = Beat(10.0, Pulse.ERROR, 0.5, "/sax/test/spmd", "out of\x1b[31m order")
    await kept.save(Beat(1.0, Pulse.OK, 0.4, "/sax/test/spmd"))
    await kept.save(beat)
    found = await kept.load()
    assert found is not None and (found.at, found.pulse, found.seconds, found.model) == (
        10.0,
        Pulse.ERROR,
        0.5,
        beat.model,
    )
    assert "\x1b" not in found.said
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_what_cannot_be_read_or_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken").write_text('{"at": 1, "pulse": "fast"}')
    for name in ("folder", "broken"):
        kept = DiskLastBeat(tmp_path / name)
        if name == "folder":
            await kept.save(Beat(1.0, Pulse.OK, 0.4, "m"))
        assert await kept.load() is None
