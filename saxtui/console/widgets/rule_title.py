"""A pane's heading as a rule across the screen: what it shows on the left, how it stands on the right."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from saxtui.console.widgets.table_layout import fitted


class RuleTitle(Widget):
    """One line `── left ─────── right ──`. Never focused, never wraps; the left part is cut first."""

    COMPONENT_CLASSES = {"rule-title--left", "rule-title--rule"}

    def __init__(self, left: str = "", right: str = "", *, id: str | None = None, ascii_only: bool = False) -> None:
        super().__init__(id=id)
        self._left = left
        self._right = right
        self._dash = "-" if ascii_only else "─"

    @property
    def text(self) -> str:
        """Both parts, for tests and screen readers."""
        return f"{self._left}  {self._right}".strip()

    def show(self, left: str, right: str = "") -> None:
        """Put new words; repaints only when they differ."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.get_visual_style().rich_style
        rule = self.get_visual_style("rule-title--rule").rich_style
        strong = self.get_visual_style("rule-title--left").rich_style
        right = f" {self._right} " if self._right else ""
        room = width - cell_len(right) - 7
        left = self._left if cell_len(self._left) <= room else fitted(self._left, max(0, room))
        fill = max(0, width - cell_len(left) - cell_len(right) - 6)
        segments = [
            Segment(self._dash * 2 + " ", rule), Segment(left, strong), Segment(" " + self._dash * fill, rule),
            Segment(right, base), Segment(self._dash * 2, rule),
        ]  # fmt: skip
        return Strip(segments).adjust_cell_length(width, base)
