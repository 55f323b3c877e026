"""Colour roles of present/words.py as component classes, for widgets of the line API."""

from __future__ import annotations

from saxtui.console.styling import ROLES

ROLE_CLASSES: set[str] = {f"role--{role}" for role in (*ROLES, "plain")}


def role_class(role: str) -> str:
    """The component class of a role; unknown and blank roles are plain."""
    return f"role--{role}" if role in ROLES else "role--plain"
