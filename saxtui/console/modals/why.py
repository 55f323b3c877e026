"""The chain of causes: symptom first, root last, each with its evidence, and the next action one key away."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from saxtui.console.styling import ROLE_STYLE, sheet
from saxtui.model.diagnosis import Action, Deed, Report
from saxtui.present import why as words

if TYPE_CHECKING:
    from saxtui.console.sessions import Live
    from saxtui.console.styling import Glyphs

_LABEL = 10
_AROUND = 8
"""Cells beside the text: border, padding, scrollbar. Known before the first layout, so that the height is right too."""


class WhyModal(ModalScreen[Action | None]):
    """Live while it is open. Dismissed with the action to do, or None."""

    CSS_PATH = sheet("modals.tcss")
    BINDINGS = [
        Binding("escape,q,w", "dismiss", "close"),
        Binding("x", "act", "do it"),
        Binding("a", "all", "all"),
    ]
    AUTO_FOCUS = "#why-scroll"

    _body = getters.query_one("#why-body", Static)
    _title = getters.query_one("#why-title", Static)
    _keys = getters.query_one("#why-keys", Static)

    def __init__(self, live: Live, glyphs: Glyphs, slice_index: int = -1, pod: str = "") -> None:
        super().__init__()
        self._live = live
        self._glyphs = glyphs
        self._slice, self._pod = slice_index, pod
        self._shown: object = None

    def compose(self) -> ComposeResult:
        """Heading, the chains, the keys."""
        with Vertical(classes="dialog"):
            yield Static("Why", id="why-title", classes="dialog-title", markup=False)
            with VerticalScroll(id="why-scroll", classes="dialog-scroll"):
                yield Static(id="why-body", markup=False)
            yield Static(id="why-keys", classes="muted", markup=False)

    def on_mount(self) -> None:
        """What is known already, then the answer to a fresh look."""
        self._paint()
        self.run_worker(self._follow(), name="why", exit_on_error=False)

    def on_resize(self) -> None:
        """Lines are folded to the width."""
        self._shown = None
        self._paint()

    async def _follow(self) -> None:
        await self._live.session.why(look=False)
        revision = -1
        while True:
            self._paint()
            revision = await self._live.store.changed(revision)

    # -- what is shown
    @property
    def report(self) -> Report | None:
        """The newest."""
        return self._live.state.why.value

    @property
    def action(self) -> Action | None:
        """The first thing saxtui itself can do about what is shown."""
        report = self.report
        found = words.about(report, self._slice, self._pod) if report is not None else ()
        proposed = (action for item in found for action in (item.action, *item.also))
        return next((item for item in proposed if item.deed in (Deed.MEND, Deed.UNPUBLISH)), None)

    def _paint(self) -> None:
        report = self.report
        if report is self._shown and report is not None:
            return
        self._shown = report
        self._title.update(self._heading(report))
        self._body.update(self._content(report))
        action = self.action
        doing = f"x {action.command.partition(' -d ')[0].removeprefix('saxtui ')} (asks first) · " if action else ""
        narrowed = "a all causes · " if self._slice >= 0 or self._pod else ""
        self._keys.update(f"{doing}{narrowed}arrows scroll · esc closes")

    def _heading(self, report: Report | None) -> Content:
        if report is None:
            return Content("Why: looking …" if not self._glyphs.ascii_only else "Why: looking ...")
        mark = words.sign(report)
        about = f" · {self._pod}" if self._pod else f" · slice {self._slice}" if self._slice >= 0 else ""
        said = "All is well" if mark is words.WELL else f"Why: {mark.word}"
        glyph = self._glyphs.sign(mark)
        return Content.assemble((f"{glyph} ", ROLE_STYLE[mark.role]), said, (about, "$foreground 60%"))

    def _content(self, report: Report | None) -> Content:
        if report is None:
            return Content("")
        found = words.about(report, self._slice, self._pod)
        blocks = [self._block(words.lines(item, report.at)) for item in found]
        if not report.known:
            blocks.append(self._block(words.unknown(report)))
        elif not found:
            others = f"; {len(report.diagnoses)} causes elsewhere (a shows them)" if report.diagnoses else ""
            blocks.append(Content(words.nothing(report) + (" here" if others else "") + others))
        if report.unseen:
            blocks.append(self._block(words.unseen(report)))
        return Content("\n\n").join(blocks)

    def _block(self, lines: list[words.WhyLine]) -> Content:
        return Content("\n").join(part for line in lines for part in self._folded(line))

    def _folded(self, line: words.WhyLine) -> list[Content]:
        """A line folded to the width, its label set in front and its rest hanging under the text."""
        pad = "  " * line.indent
        label = f"{line.label:<{_LABEL}}" if line.label or line.indent > 1 else ""
        text = line.text if not self._glyphs.ascii_only else line.text.replace("←", "<-")
        room = max(24, int(self.app.size.width * 0.94) - _AROUND - len(pad) - len(label))
        parts = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
        style = ROLE_STYLE["bad"] if line.role == "bad" else "$foreground 60%"
        body = "bold" if line.role == "head" else ROLE_STYLE.get(line.role, "")
        return [
            Content.assemble((pad + (label if number == 0 else " " * len(label)), style), (part, body))
            for number, part in enumerate(parts)
        ]

    # -- keys
    def action_act(self) -> None:
        """Leave with what can be done."""
        if self.action is not None:
            self.dismiss(self.action)

    def action_all(self) -> None:
        """No longer only the slice or pod it was asked about."""
        self._slice, self._pod, self._shown = -1, "", None
        self._paint()
