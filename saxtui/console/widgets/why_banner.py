"""One line above the slices when something is red or grey: the symptom, the root, and the key that tells more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from saxtui.console.styling import ROLE_STYLE
from saxtui.present import why as words

if TYPE_CHECKING:
    from saxtui.console.styling import Glyphs
    from saxtui.model.diagnosis import Report


class WhyBanner(Static):
    """Hidden while nothing is wrong."""

    DEFAULT_CSS = "WhyBanner { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; display: none; }"

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._glyphs = glyphs
        self._shown: object = None

    def show(self, report: Report | None) -> None:
        """The worst of the report, or nothing."""
        if report is self._shown:
            return
        self._shown = report
        self.display = report is not None and bool(report.diagnoses or not report.known)
        if report is None or not self.display:
            return
        mark = words.sign(report)
        said = words.banner(report.diagnoses[0]) if report.diagnoses else "something is wrong, and no rule knows why"
        more = f" (+{len(report.diagnoses) - 1})" if len(report.diagnoses) > 1 else ""
        if self._glyphs.ascii_only:
            said = said.replace("←", "<-")
        role = ROLE_STYLE[mark.role]
        self.update(Content.assemble((f"{self._glyphs.sign(mark)} ", role), ("w ", "bold $accent"), said + more))
