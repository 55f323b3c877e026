"""Slices: every host of every slice as the hardware stands, the pod under the cursor, and logs."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

from textual import getters, on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from saxtui.console.commands import Command
from saxtui.console.pictures import Picture, picture, titles
from saxtui.console.screens.base import ConsoleScreen
from saxtui.console.styling import ROLE_STYLE, sheet
from saxtui.console.widgets.log_pane import LogPane
from saxtui.console.widgets.pod_detail import PodDetail
from saxtui.console.widgets.pod_grid import PodGrid
from saxtui.console.widgets.pod_table import PodTable
from saxtui.console.widgets.rows import Rows
from saxtui.model.cluster import ClusterView, JobSetStatus
from saxtui.present import pods
from saxtui.present.pods import PodRow

if TYPE_CHECKING:
    from saxtui.console.sessions import Live
    from saxtui.engine.logs import LogSelection
    from saxtui.engine.session import Session
    from saxtui.engine.store import State

_TAIL = 200
_AGES_EVERY = 1.0  # real seconds between two looks at the clock for ages
_SETTLE = 0.12  # real seconds a selection must rest before its log is asked for
_AGAIN = 5.0  # real seconds before a failed stream is asked for again
_BREATH = 256  # lines taken without giving the screen a turn


def _no_pods(screen: SlicesScreen) -> str:
    return "" if screen.rows else "there are no pods yet"


def _scope(scope: str, key: str, text: str) -> Command:
    return Command(
        f"slices.{scope}", (key,), scope, text, lambda s: s.choose_scope(scope), _no_pods, footer=scope != "primaries"
    )


class SlicesScreen(ConsoleScreen):
    """Holds cursor, scope and zoom; the picture is the Store's, the log lines are the pane's."""

    CSS_PATH = sheet("slices.tcss")
    HEADING = "Slices"
    FILTERS = True
    AUTO_FOCUS = "PodGrid"
    HERE = (
        _scope("pod", "l", "Log of the pod under the cursor"),
        _scope("slice", "s", "Logs of all hosts of this slice"),
        _scope("primaries", "p", "Logs of every slice's primary host"),
        _scope("all", "a", "Logs of all hosts"),
        Command("slices.list", ("m",), "mesh/list", "Hosts as a mesh, or all pods as a list",
                lambda s: s.toggle_list(), _no_pods),
        Command("slices.open", ("enter",), "open", "Go to the log of the pod under the cursor",
                lambda s: s.open_log(), _no_pods, footer=False),
        Command("slices.zoom", ("z",), "zoom", "The log alone, or with the slices", lambda s: s.toggle_zoom()),
        Command("slices.follow", ("f",), "follow", "Stay at the newest line, or hold", lambda s: s.toggle("following")),
        Command("slices.wrap", ("w",), "wrap", "Fold long lines", lambda s: s.toggle("wrapped"), footer=False),
        Command("slices.times", ("t",), "times", "Show or hide each line's time", lambda s: s.toggle("times"),
                footer=False),
        Command("slices.brief", ("b",), "brief/raw", "Messages alone, or with the prefixes the servers write",
                lambda s: s.toggle("brief"), footer=False),
        Command("slices.next", ("n",), "next", "Next place of the searched text", lambda s: s.search_on(False),
                footer=False),
        Command("slices.previous", ("N",), "previous", "Place of the searched text before this one",
                lambda s: s.search_on(True), footer=False),
        Command("slices.only", ("ampersand",), "only", "Show only log lines that hold a text",
                lambda s: s.pane.ask_filter(), footer=False),
        Command("slices.top", ("g",), "top", "First line of the log", lambda s: s.pane.view.action_top(), footer=False),
        Command("slices.end", ("G",), "end", "Last line of the log, and follow",
                lambda s: s.pane.view.action_bottom(), footer=False),
        Command("slices.copy", ("y",), "copy", "Copy the log line under the cursor", lambda s: s.copy_line(),
                footer=False),
    )  # fmt: skip

    grid = getters.query_one("#grid", PodGrid)
    listing = getters.query_one("#listing", PodTable)
    detail = getters.query_one("#pod-detail", PodDetail)
    pane = getters.query_one("#logs", LogPane)
    _notice = getters.query_one("#slices-notice", Static)
    _upper = getters.query_one("#slices-upper", Vertical)

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[PodRow, ...] = ()
        self.scope = "pod"
        self.listed = False
        self._view = ClusterView()
        self._streamed: LogSelection | None = None
        self._aged = 0.0

    def compose_body(self) -> ComposeResult:
        """Notice, mesh or list, the pod under the cursor, logs."""
        plain = self.console.glyphs.ascii_only
        yield Static(id="slices-notice", markup=False)
        with Vertical(id="slices-upper"):
            yield PodGrid(id="grid", ascii_only=plain)
            yield PodTable(self.console.glyphs, id="listing")
            yield PodDetail(id="pod-detail", glyphs=self.console.glyphs)
        yield LogPane(id="logs", ascii_only=plain)

    # -- the picture
    def on_mount(self) -> None:
        """Paint the state without a deployment; Textual calls the base's handler too."""
        self._paint(self.console.sessions.now())

    def on_session(self, live: Live | None) -> None:
        """Another deployment: forget the old one's picture and log, and keep the new cluster live."""
        self.workers.cancel_group(self, "logs")
        self._streamed, self._view, self.rows = None, ClusterView(), ()
        self.pane.start("logs", "")
        if live is not None:
            self.console.sessions.watch(live)
        self._paint(self.console.sessions.now())

    def on_state(self, state: State, previous: State | None) -> None:
        """Paint again when the cluster or the models changed."""
        if previous is None or state.cluster is not previous.cluster or state.models is not previous.models:
            self._paint(self.console.sessions.now())

    def on_frame(self, now: float) -> None:
        """Ages go on by themselves."""
        if self.rows and time.monotonic() - self._aged >= _AGES_EVERY:
            self._paint(now)

    def _paint(self, now: float) -> None:
        self._aged = time.monotonic()
        state = self.live.state if self.live else None
        shown = picture(state.cluster if state else None, now)
        self._view = (state.cluster.value if state else None) or ClusterView()
        self._tell(shown)
        self.rows = pods.pod_rows(self._view, now)
        if self.session is not None and self.rows:
            wanted = self.session.deployment.slices
            grids = pods.slice_grids(
                self._view, now, count=wanted.count, hosts=wanted.shape.hosts, topology=wanted.topology
            )
            models = (state.models.value if state else None) or ()
            self.grid.show(grids, titles(grids, wanted.topology, wanted.pools, models))
            self.listing.show(self.rows)
        for widget, on_show in ((self.grid, not self.listed), (self.listing, self.listed), (self.detail, True)):
            widget.display = on_show and bool(self.rows)
        self.pane.display = bool(self.rows)
        self._show_detail()
        self._restream()

    def _tell(self, shown: Picture) -> None:
        self._notice.display = bool(shown.said)
        self._notice.set_class(not self.rows and not self._view.pods, "-alone")
        if shown.said:
            from textual.content import Content

            self._notice.update(Content.styled(shown.said, ROLE_STYLE[shown.role]))
        self._upper.set_class(shown.old, "-stale")

    # -- the pod under the cursor
    @property
    def selected(self) -> PodRow | None:
        """The pod under the cursor of the mesh or the list; None on a hole."""
        if self.listed:
            return next((row for row in self.rows if row.uid == self.listing.selected), None)
        found = self.grid.selected
        return found[1].pod if found else None

    def _show_detail(self) -> None:
        row, hole, jobset = self.selected, "", self._view.jobset or JobSetStatus()
        place = self.grid.selected
        if row is None and place is not None:
            hole = f"slice {place[0]} host {place[1].host}: no pod here"
        warnings = [e for e in self._view.events if row is not None and e.warning and e.name == row.name]
        self.detail.show(row, hole, jobset, max(warnings, key=lambda e: e.at, default=None))

    @on(PodGrid.Selected)
    def _host_selected(self) -> None:
        if not self.listed and (row := self.selected):
            self.listing.choose(row.uid)
        self._show_detail()
        self._restream()

    @on(Rows.Highlighted, "#listing")
    def _pod_selected(self) -> None:
        if self.listed and (row := self.selected) and row.slice >= 0:
            self.grid.select(row.slice, row.host)
        self._show_detail()
        self._restream()

    @on(PodGrid.Opened)
    @on(Rows.Activated, "#listing")
    def open_log(self) -> None:
        """The log of the pod under the cursor, and the keys go there."""
        self.choose_scope("pod")
        self.pane.view.focus()

    def toggle_list(self) -> None:
        """Mesh to list and back, out of the zoom; the cursor stays on its pod."""
        row = self.selected
        self.listed = not self.listed
        self._upper.display = True
        self.grid.display, self.listing.display = not self.listed, self.listed
        if self.listed and row is not None:
            self.listing.choose(row.uid)
        (self.listing if self.listed else self.grid).focus()
        self._show_detail()
        self._restream()

    def toggle_zoom(self) -> None:
        """The log pane alone, or under the slices again."""
        self._upper.display = not self._upper.display
        (self.pane.view if not self._upper.display else self.listing if self.listed else self.grid).focus()

    # -- logs
    def choose_scope(self, scope: str) -> None:
        """Which logs are followed: pod, slice, primaries or all."""
        self.scope = scope
        self._restream()

    def _target(self) -> tuple[LogSelection, str] | None:
        """What should be streamed now, and its heading; None keeps what there is."""
        from saxtui.engine.logs import LogSelection

        row = self.selected
        place = self.grid.selected
        if self.scope == "all":
            return LogSelection(), "logs: all hosts"
        if self.scope == "primaries":
            return LogSelection(primaries=True), "logs: primaries"
        if self.scope == "slice":
            index = row.slice if row is not None and self.listed else place[0] if place else -1
            return (LogSelection(slice=index), f"logs: slice {index}") if index >= 0 else None
        return (LogSelection(pod=row.name), f"logs: {row.tag or row.name}") if row is not None else None

    def _restream(self) -> None:
        session, target = self.session, self._target() if self.rows else None
        if session is None or target is None or target[0] == self._streamed:
            return
        self._streamed = target[0]
        self.pane.start(target[1], "waiting for lines")
        self._follow(session, target[0])

    @work(exclusive=True, group="logs", exit_on_error=False, description="follow logs")
    async def _follow(self, session: Session, selection: LogSelection) -> None:
        """Feed the pane until another selection is made; a failed stream is asked for again."""
        await asyncio.sleep(_SETTLE)
        while True:
            said = await self._drain(session, selection)
            self.pane.say(said or "the streams ended")
            if not said:
                return
            await asyncio.sleep(_AGAIN)

    async def _drain(self, session: Session, selection: LogSelection) -> str:
        """One stream to its end; returns why it broke, or "" when it ended by itself."""
        from saxtui.errors import SaxtuiError

        taken = 0
        try:
            async with aclosing(session.logs(selection, follow=True, tail=_TAIL)) as lines:  # type: ignore[type-var]
                async for line in lines:
                    self.pane.say("")
                    self.pane.feed((line,))
                    taken += 1
                    if taken % _BREATH == 0:
                        await asyncio.sleep(0)
        except SaxtuiError as error:
            return error.problem.one_line()
        return ""

    # -- what the log's keys ask for
    def toggle(self, name: str) -> None:
        """Turn one of the log view's switches: following, wrapped, times, brief."""
        setattr(self.pane.view, name, not getattr(self.pane.view, name))

    def open_filter(self) -> None:
        """`/`: search the log."""
        self.pane.ask_search()

    def search_on(self, backwards: bool) -> None:
        """Go on searching."""
        view = self.pane.view
        if not view.needle:
            self.console.tell("nothing searched yet: / asks for a text")
        elif not view.find(backwards=backwards):
            self.console.tell(f"{view.needle!r} is nowhere in these lines")

    def copy_line(self) -> None:
        """Put the line under the log's cursor on the clipboard (OSC 52)."""
        line = self.pane.view.current
        if line is None:
            self.console.tell("there is no log line to copy")
            return
        self.console.copy_to_clipboard(line.text)
        self.console.tell("copied the log line")

    def go_back(self) -> None:
        """Close the prompt, drop the search, leave the zoom; then the screen before."""
        if self.pane.close_prompt() or self.pane.clear_finds():
            return
        if not self._upper.display:
            self.toggle_zoom()
            return
        super().go_back()
