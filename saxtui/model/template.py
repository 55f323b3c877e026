"""Templates: saved prompts with {placeholders}. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_ -]{0,39})\}")


def placeholders(text: str) -> tuple[str, ...]:
    """The names in braces, each once, in order."""
    return tuple(dict.fromkeys(match[1] for match in _PLACE.finditer(text)))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with the values in place; a placeholder without a value stays as it is."""
    return _PLACE.sub(lambda match: values.get(match[1]) or match[0], text)
