"""Partial responses: the `fields` parameter of the older Google APIs, e.g. "items(name,size),prefixes"."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
Tree = dict[str, "Tree"]


def mask(value: Json, fields: str) -> Json:
    """Only what `fields` names; everything when it is empty."""
    return dict(_select(value, _parse(fields))) if fields else value


def _parse(fields: str) -> Tree:
    tree, _ = _parse_list(fields.replace(" ", ""), 0)
    return tree


def _parse_list(text: str, at: int) -> tuple[Tree, int]:
    """A comma-separated list up to the closing parenthesis or the end; returns it and where it stopped."""
    tree: Tree = {}
    while at < len(text) and text[at] != ")":
        start = at
        while at < len(text) and text[at] not in ",()":
            at += 1
        leaf = tree
        for part in text[start:at].split("/"):
            leaf = leaf.setdefault(part, {})
        if at < len(text) and text[at] == "(":
            inner, at = _parse_list(text, at + 1)
            leaf.update(inner)
            at += 1
        if at < len(text) and text[at] == ",":
            at += 1
    return tree, at


def _select(value: Any, tree: Tree) -> Any:
    if not tree or "*" in tree:
        return value
    if isinstance(value, list):
        return [_select(item, tree) for item in value]
    if isinstance(value, dict):
        return {name: _select(item, tree[name]) for name, item in value.items() if name in tree}
    return value
