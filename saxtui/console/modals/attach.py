"""Which cluster to attach to, and afterwards what is risky there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from saxtui.console.app import ConsoleApp
from saxtui.console.styling import ROLE_STYLE, sheet
from saxtui.console.widgets.rows import Cell, Column, Row, Rows
from saxtui.errors import SaxtuiError
from saxtui.present.words import AUDIT

if TYPE_CHECKING:
    from saxtui.engine.attaching.standing import Place
    from saxtui.model.audit import Finding
    from saxtui.ports import ClusterInfo

_COLUMNS = (
    Column("cluster", least=10), Column("location"), Column("state", drop=2), Column("nodes", right=True, drop=1),
    Column("made by", grow=True, least=12),
)  # fmt: skip


class AttachModal(ModalScreen["Place | None"]):
    """Enter in the project's field lists its clusters; enter on a cluster attaches. None means no."""

    CSS_PATH = sheet("modals.tcss")
    AUTO_FOCUS = "#attach-clusters"
    BINDINGS = [Binding("escape", "no", "cancel"), Binding("enter", "choose", "attach")]

    console = getters.app(ConsoleApp)
    rows = getters.query_one("#attach-clusters", Rows)
    said = getters.query_one("#attach-said", Static)
    project = getters.query_one("#attach-project", Input)

    def __init__(self, project: str, context: Place | None) -> None:
        super().__init__()
        self._project = context.project if context else project
        self._current = context
        self._found: dict[str, Place] = {}

    def compose(self) -> ComposeResult:
        """The project, its clusters, two buttons."""
        with Vertical(classes="dialog -large"):
            yield Static("Attach to a cluster that others made", classes="dialog-title", markup=False)
            yield Static("Its slices, models and chat, and what is risky there. Nothing of it is changed or deleted.",
                         classes="dialog-text muted", markup=False)  # fmt: skip
            yield Input(self._project, id="attach-project", placeholder="project id; enter lists", compact=True)
            yield Static("asking ...", id="attach-said", markup=False)
            yield Rows(_COLUMNS, id="attach-clusters", marker=self.console.glyphs.pick("❯", ">"))
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Attach", id="ok", variant="primary", compact=True)

    def on_mount(self) -> None:
        """List at once."""
        self._ask()

    @on(Input.Submitted)
    def _ask(self) -> None:
        self.run_worker(self._list(self.project.value.strip()), exclusive=True, exit_on_error=False)

    async def _list(self, project: str) -> None:
        self.rows.put([])
        if not project:
            self._say("name a project")
            return
        self._say("asking ...")
        try:
            clusters = await self.console.sessions.clusters(project)
        except SaxtuiError as error:
            self._say(error.problem.one_line(), "bad")
            return
        self._put(project, clusters)

    def _put(self, project: str, clusters: Sequence[ClusterInfo]) -> None:
        from saxtui.engine.attaching.standing import Place

        self._found = {
            f"{found.location}/{found.name}": Place(project, found.location, found.name) for found in clusters
        }
        here = self._current
        self.rows.put([
            Row(f"{found.location}/{found.name}", (
                Cell(found.name, "strong"), Cell(found.location, "dim"), Cell(found.status.lower()),
                Cell(str(found.node_count)), Cell(_maker(found, here), "dim"),
            ))
            for found in clusters
        ])  # fmt: skip
        if here is not None:
            self.rows.choose(f"{here.location}/{here.name}")
        self._say("enter attaches · esc leaves" if clusters else "there is no cluster in this project")
        if clusters:
            self.rows.focus()

    def _say(self, text: str, role: str = "dim") -> None:
        self.said.update(Content.styled(text, ROLE_STYLE[role]))

    @on(Rows.Activated)
    @on(Button.Pressed, "#ok")
    def action_choose(self) -> None:
        """Attach to the one under the cursor."""
        found = self._found.get(self.rows.selected)
        if found is not None:
            self.dismiss(found)

    @on(Button.Pressed, "#cancel")
    def action_no(self) -> None:
        """Leave."""
        self.dismiss(None)


def _maker(found: ClusterInfo, here: Place | None) -> str:
    owner = found.labels.get("saxtui-name", "")
    current = here is not None and (here.location, here.name) == (found.location, found.name)
    return (f"saxtui, as {owner}" if owner else "others") + ("; kubectl's current" if current else "")


class AuditModal(ModalScreen[None]):
    """Every finding with what mends it; scrolls, closes with enter or esc."""

    CSS_PATH = sheet("modals.tcss")
    AUTO_FOCUS = ".dialog-scroll"
    BINDINGS = [Binding("escape,q,enter", "dismiss", "close")]

    console = getters.app(ConsoleApp)

    def __init__(self, name: str, findings: Sequence[Finding]) -> None:
        super().__init__()
        self._name = name
        self._findings = tuple(findings)

    def compose(self) -> ComposeResult:
        """A block a finding."""
        with Vertical(classes="dialog -large"):
            yield Static(f"{self._name}: what is risky there", classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-scroll"):
                yield Static(Content("\n").join(self._block(found) for found in self._findings))
            with Horizontal(classes="dialog-buttons"):
                yield Button("Go on", id="close", variant="primary", compact=True)

    def _block(self, found: Finding) -> Content:
        sign = AUDIT[found.level]
        head = Content.styled(f"{self.console.glyphs.sign(sign)} {sign.word:<10}", ROLE_STYLE[sign.role])
        lines = [Content.assemble(head, (f"{found.name}: ", "bold"), found.said)]
        if found.mend:
            lines.append(Content.styled(f"             {found.mend}", ROLE_STYLE["dim"]))
        return Content("\n").join(lines)

    def on_button_pressed(self) -> None:
        """Close."""
        self.dismiss()
