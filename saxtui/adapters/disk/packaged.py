"""Files that travel with saxtui: manifests and styles, from the wheel or from a checkout."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path


def text(folder: str, name: str) -> str:
    """The UTF-8 text of one packaged file. `folder` is "manifests" or "styles". Raises FileNotFoundError."""
    return location(folder).joinpath(name).read_text(encoding="utf-8")


def location(folder: str) -> Traversable:
    """The folder inside the installed package, else the checkout's top-level one."""
    installed = resources.files("saxtui") / "_data" / folder
    if installed.is_dir():
        return installed
    return Path(__file__).resolve().parents[3] / folder
