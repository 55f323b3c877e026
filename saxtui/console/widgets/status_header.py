"""The header: who, where, how much, how fresh. Cost and freshness are never cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from saxtui.console.header import Header, Piece, layout
from saxtui.console.styling import ROLE_STYLE

if TYPE_CHECKING:
    from saxtui.console.sessions import Sessions


class StatusHeader(Widget):
    """One line, drawn from console.header's pieces; repaints only when one of them changed."""

    def __init__(self, *, plain: bool = False) -> None:
        super().__init__()
        self._plain = plain
        self._header = Header()

    def show(self, sessions: Sessions) -> None:
        """Take the header's facts from the current deployment."""
        from saxtui.console.header import of_sessions

        header = of_sessions(sessions, plain=self._plain)
        if header != self._header:
            self._header = header
            self.refresh()

    def render(self) -> Content:
        """The pieces that fit, dropped by priority."""
        pieces = layout(self._header, self.size.width)
        return Content("").join(_content(piece) for piece in pieces)


def _content(piece: Piece) -> Content:
    return Content.styled(piece.text, ROLE_STYLE[piece.role])
