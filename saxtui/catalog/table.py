"""Reads the catalogue's CSV files, which lie beside this module."""

from __future__ import annotations


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one file as column → text. Imports csv and importlib.resources only when called."""
    import csv
    from importlib.resources import files

    text = files("saxtui.catalog").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
