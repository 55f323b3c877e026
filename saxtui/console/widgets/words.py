"""Words on the screen that are drawn again only when they are other words."""

from __future__ import annotations

from textual.content import Content
from textual.visual import VisualType
from textual.widgets import Static


class Words(Static):
    """Plain text, never markup. Screens put it with every frame, and a frame in which nothing changed costs nothing."""

    def __init__(self, content: str | Content = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(content, id=id, classes=classes, markup=False)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Put new words; nothing happens when they and their styles are the same."""
        old = self.content
        if isinstance(content, Content) and isinstance(old, Content):
            same = content.is_same(old)
        else:
            same = isinstance(content, str) and isinstance(old, str) and content == old
        if not same:
            super().update(content, layout=layout)
