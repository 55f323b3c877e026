"""The newest beat of a deployment's canary, in a file of mode 0600, so that `status` can tell of it without asking."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

from saxtui.adapters.disk.private import make_private_dir, write_private
from saxtui.model.serving import Beat, Pulse
from saxtui.model.text import safe

_LARGEST = 65_536


class DiskLastBeat:
    """Fulfils ports.LastBeat."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def save(self, beat: Beat) -> None:
        """Keep it in place of the one before; what cannot be written is lost."""
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._write, beat)

    async def load(self) -> Beat | None:
        """None where there was none yet, or it cannot be read."""
        return await asyncio.to_thread(self._read)

    def _write(self, beat: Beat) -> None:
        make_private_dir(self._path.parent)
        kept = {"at": beat.at, "pulse": beat.pulse.value, "seconds": beat.seconds, "model": beat.model}
        write_private(self._path, json.dumps({**kept, "said": beat.said}))

    def _read(self) -> Beat | None:
        try:
            with self._path.open(encoding="utf-8") as file:
                found = json.loads(file.read(_LARGEST))
            pulse, model, said = Pulse(found["pulse"]), safe(found["model"]), safe(found["said"])
            return Beat(float(found["at"]), pulse, float(found["seconds"]), model, said)
        except (OSError, ValueError, KeyError, TypeError):
            return None
