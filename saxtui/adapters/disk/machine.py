"""Which machine this is, for telling two writers apart."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def place(journal: Path) -> str:
    """A journal on this machine since it was booted, as a short hash.

    Whoever has the journal's file lock here knows that no other process of this place works on the deployment. After
    a restart, or in another home directory, it is another place; "" (like no other) where Linux's boot id cannot be
    read.
    """
    try:
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
        where = journal.resolve()
    except (OSError, UnicodeDecodeError):
        return ""
    return hashlib.sha256(f"{boot}\n{platform.node()}\n{where}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
