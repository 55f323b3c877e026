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
        self._report: Report | None = None

    def show(self, report: Report | None) -> None:
        """The worst of the report, or nothing."""
        if report is self._report:
            return
        self._report = report
        self.display = report is not None and bool(report.diagnoses or not report.known)
        self._write()

    def on_resize(self) -> None:
        """What there is room for is said."""
        self._write()

    def _write(self) -> None:
        report = self._report
        if report is None or not self.display:
            return
        more = f" (+{len(report.diagnoses) - 1})" if len(report.diagnoses) > 1 else ""
        lead = f"{self._glyphs.sign(words.sign(report))} "
        if report.diagnoses:
            said = words.banner(report.diagnoses[0], self.content_size.width - len(f"{lead}w {more}"))
        else:
            said = "something is wrong, and no rule knows why"
        if self._glyphs.ascii_only:
            said = said.replace("←", "<-")
        role = ROLE_STYLE[words.sign(report).role]
        self.update(Content.assemble((lead, role), ("w ", "bold $accent"), said + more))
