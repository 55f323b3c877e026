"""Names saxtui chooses: deployment ids and bucket names. Pure but for `new_id`, which takes chance from the OS."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection

_LETTERS = "abcdefghjkmnpqrstuvwxyz"
_ALPHABET = _LETTERS + "23456789"
_BUCKET_LIMIT = 63


def new_id() -> str:
    """A deployment id: eight characters, a letter first, none that look alike."""
    return secrets.choice(_LETTERS) + "".join(secrets.choice(_ALPHABET) for _ in range(7))


def bucket_name(project: str, deployment_id: str) -> str:
    """<project>-sax-<id>, at most 63 characters; a project id with "google" in it is left out, as buckets forbid it."""
    tail = f"sax-{deployment_id}"
    head = project[: _BUCKET_LIMIT - len(tail) - 1].rstrip("-")
    if "google" in head or head.startswith("goog"):
        return tail
    return f"{head}-{tail}"


def name_problem(name: str) -> str:
    """Why `name` cannot name a deployment, or ""."""
    if re.fullmatch(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?", name):
        return ""
    return "use lower-case letters, digits and hyphens, 1 to 40 of them, a letter first and no hyphen last"


def from_class(path: str) -> str:
    """A deployment name made of a model class: LmCloudSpmd2B16Test becomes lmcloudspmd2b16test."""
    return re.sub(r"[^a-z0-9]", "", path.rpartition(".")[2].lower())[:40] or "model"


def free(taken: Collection[str], base: str) -> str:
    """The first of base, base-2, base-3 … that is not taken."""
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name
