"""The report of a fault in saxtui itself: a traceback without local variables and without secrets, mode 0600."""

from __future__ import annotations

import os
import re
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

from saxtui.model.text import safe_block

_SHAPES = re.compile(
    r"ya29\.[\w.-]+|(?i:bearer|basic)\s+[\w.~+/=-]{8,}|eyJ[\w-]{10,}[\w.-]*|AIza[\w-]{20,}|GOCSPX-[\w-]+|1//[\w-]{20,}"
    r"|-----BEGIN [^-]+-----[^-]*(-----END [^-]+-----)?"
    r"|(?i:[\"']?(?:access_token|refresh_token|id_token|client_secret|private_key|password)[\"']?\s*[:=]\s*[\"']?)"
    r"[^\s\"',}]+"
)
"""Google's tokens and keys, JWTs, PEM blocks, Authorization values, and the fields that carry them."""
_NAMES = re.compile(r"(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|PRIVATE_KEY)$", re.IGNORECASE)
_SHORTEST = 8
_REMOVED = "[secret removed]"


def without_secrets(text: str, environ: Mapping[str, str]) -> str:
    """The text with everything removed that looks like a secret, or is one in this environment."""
    for name, value in environ.items():
        if _NAMES.search(name) and len(value) >= _SHORTEST:
            text = text.replace(value, _REMOVED)
    return _SHAPES.sub(_REMOVED, text)


def write_report(folder: Path, error: BaseException, environ: Mapping[str, str] | None = None) -> Path:
    """Write the report; returns where it is. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    path = next(p for n in range(1000) if not (p := folder / f"{stem}{f'-{n}' if n else ''}.txt").exists())
    text = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    harmless = safe_block(without_secrets(text, os.environ if environ is None else environ))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(f"Python {sys.version}\n\n{harmless}")
    return path
