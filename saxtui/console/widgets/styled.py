"""Widgets of the line API that keep the styles they paint with."""

from __future__ import annotations

from rich.style import Style
from textual.scroll_view import ScrollView


class Styled(ScrollView):
    """Keeps the styles of its component classes, which every line asks for, until the sheets change."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._styles: dict[tuple[str, ...], Style] = {}

    def _style(self, *names: str) -> Style:
        style = self._styles.get(names)
        if style is None:
            style = self._styles[names] = self.get_visual_style(*names).rich_style
        return style

    def notify_style_update(self) -> None:
        """What is kept may be old now."""
        self._styles.clear()
        super().notify_style_update()
