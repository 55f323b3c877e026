"""Slices: every host of every slice as the hardware stands, the pod under the cursor, and logs."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from saxtui.console.causes import why_command
from saxtui.console.commands import Command
from saxtui.console.fleet import Plan
from saxtui.console.log_commands import LOG_COMMANDS, answered, close_first
from saxtui.console.log_stream import LogStream
from saxtui.console.pictures import Picture, picture
from saxtui.console.screens.base import ConsoleScreen
from saxtui.console.styling import ROLE_STYLE, sheet
from saxtui.console.widgets.log_pane import LogPane
from saxtui.console.widgets.pod_detail import PodDetail
from saxtui.console.widgets.pod_grid import PodGrid
from saxtui.console.widgets.pod_table import PodTable
from saxtui.console.widgets.rows import Rows
from saxtui.console.widgets.why_banner import WhyBanner
from saxtui.console.widgets.words import Words
from saxtui.model.cluster import ClusterView, JobSetStatus, Pod
from saxtui.present import chips as present_chips
from saxtui.present import pods
from saxtui.present import why as present_why
from saxtui.present.pods import PodRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from saxtui.console.sessions import Live
    from saxtui.engine.store import State
    from saxtui.engine.watching.logs import LogSelection
    from saxtui.model.phases import Phases

_AGES_EVERY = 1.0  # real seconds between two looks at the clock for ages


def _no_pods(screen: SlicesScreen) -> str:
    return "" if screen.view.pods else "there are no pods yet"


def _zoom(step: int) -> Callable[[SlicesScreen], object]:
    return lambda screen: screen.zoom_by(step)


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
        Command("slices.closer", ("plus", "equals_sign"), "closer", "Draw less of the fleet: slices, hosts, chips",
                _zoom(-1), _no_pods),
        Command("slices.farther", ("minus",), "farther", "Draw more of the fleet: hosts, slices, all of it",
                _zoom(1), _no_pods, footer=False),
        Command("slices.details", ("d",), "details", "The pod under the cursor whole: containers, events, node, YAML",
                lambda s: s.show_details(), lambda s: "" if s.pod else "no pod under the cursor"),
        Command("slices.open", ("enter",), "open", "Go to the log of the pod under the cursor",
                lambda s: s.open_log(), _no_pods, footer=False),
        why_command("slices"),
        Command("slices.zoom", ("z",), "zoom", "The log alone, or with the slices", lambda s: s.toggle_zoom()),
        *LOG_COMMANDS,
    )  # fmt: skip

    grid = getters.query_one("#grid", PodGrid)
    listing = getters.query_one("#listing", PodTable)
    detail = getters.query_one("#pod-detail", PodDetail)
    pane = getters.query_one("#logs", LogPane)
    _notice = getters.query_one("#slices-notice", Words)
    _why = getters.query_one("#slices-why", WhyBanner)
    _upper = getters.query_one("#slices-upper", Vertical)

    def __init__(self) -> None:
        super().__init__()
        self.scope = "pod"
        self.listed = False
        self.view = ClusterView()
        self._plan = Plan(0, 0, "")
        self._zones: dict[str, str] = {}
        self._pools: dict[str, str] = {}
        self._aged = self._now = 0.0
        self._broken: frozenset[int] = frozenset()

    def compose_body(self) -> ComposeResult:
        """Notice, mesh or list, the pod under the cursor, logs."""
        plain = self.console.glyphs.ascii_only
        yield WhyBanner(self.console.glyphs, id="slices-why")
        yield Words(id="slices-notice")
        with Vertical(id="slices-upper"):
            yield PodGrid(id="grid", ascii_only=plain)
            yield PodTable(self.console.glyphs, id="listing")
            yield PodDetail(id="pod-detail", glyphs=self.console.glyphs)
        yield LogPane(id="logs", ascii_only=plain)

    # -- the picture
    @cached_property
    def stream(self) -> LogStream:
        """What feeds the pane."""
        return LogStream(self, self.pane)

    def on_mount(self) -> None:
        """Paint the state without a deployment; Textual calls the base's handler too."""
        # At once with the cursor, in the same frame: the message `Selected` would come one frame too late.
        self.watch(self.grid, "cursor", self._show_detail, init=False)
        self._paint(self.console.sessions.now())

    def on_session(self, live: Live | None) -> None:
        """Another deployment: forget the old one's picture and log, and keep the new cluster live."""
        self.stream.stop()
        self.view = ClusterView()
        self._why.show(live.state.why.value if live is not None else None)
        if live is not None:
            self._plan = Plan.of(live.session.deployment.slices)
            self.console.sessions.watch(live)
            self.console.sessions.deafen()
            self.console.sessions.hear(live, lambda: self.grid.looked_at)
        self._paint(self.console.sessions.now())

    def on_state(self, state: State, previous: State | None) -> None:
        """Paint again when the cluster, the phases, the models or what is known as broken changed."""
        self._why.show(state.why.value)
        if (
            previous is None
            or state.cluster is not previous.cluster
            or state.models is not previous.models
            or state.phases is not previous.phases
            or present_why.broken_slices(state.why.value) != self._broken
        ):
            self._paint(self.console.sessions.now())
        elif state.chips is not previous.chips:
            self._now = self.console.sessions.now()
            self._show_detail()

    def on_screen_resume(self) -> None:
        """Hear the hosts again; Textual calls the base's handler too."""
        if self.live is not None:
            self.console.sessions.hear(self.live, lambda: self.grid.looked_at)

    def on_screen_suspend(self) -> None:
        """Nobody looks any more, unless only a dialog came above."""
        if not isinstance(self.app.screen, ModalScreen):
            self.console.sessions.deafen()

    def on_frame(self, now: float) -> None:
        """Ages go on by themselves."""
        if self.view.pods and time.monotonic() - self._aged >= _AGES_EVERY:
            self._paint(now)

    def _paint(self, now: float) -> None:
        self._aged = time.monotonic()
        state = self.live.state if self.live else None
        shown = picture(state.cluster if state else None, now)
        before, self.view = self.view, (state.cluster.value if state else None) or ClusterView()
        if self.view.nodes is not before.nodes:
            self._zones = pods.zones_of(self.view)
            self._pools = {node.name: node.pool for node in self.view.nodes.values()}
        self._tell(shown)
        self._now = now
        here = bool(self.view.pods) and self.session is not None
        if here:
            models = (state.models.value if state else None) or ()
            self._broken = present_why.broken_slices(state.why.value if state else None)
            changed = self.grid.fleet.update(
                self.view.slices, self._plan, self._phases, models, self._broken, self._pools
            )
            if changed is None or changed:
                self.grid.show(changed)
            if self.listed:
                self._list(now)
        for widget, on_show in ((self.grid, not self.listed), (self.listing, self.listed), (self.detail, True)):
            widget.display = on_show and here
        self.pane.display = here
        self._show_detail()
        self._restream()

    def _list(self, now: float) -> None:
        self.listing.show(self.view, self._phases, self._zones, now)

    @property
    def _phases(self) -> Phases | None:
        return self.live.state.phases.value if self.live else None

    def _tell(self, shown: Picture) -> None:
        self._notice.display = bool(shown.said)
        self._notice.set_class(not self.view.pods, "-alone")
        if shown.said:
            from textual.content import Content

            self._notice.update(Content.styled(shown.said, ROLE_STYLE[shown.role]))
        self._upper.set_class(shown.old, "-stale")

    # -- the pod under the cursor
    @property
    def selected(self) -> PodRow | None:
        """The pod under the cursor of the mesh or the list; None on a hole."""
        pod = self.pod
        return pods.pod_row(pod, self._now, self._phases, self._zones) if pod else None

    @property
    def pod(self) -> Pod | None:
        """The same as the watch knows it."""
        if self.listed:
            return self.view.pods.get(self.listing.selected)
        found = self.grid.selected
        return found[1].pod if found else None

    def _show_detail(self) -> None:
        row, hole, jobset = self.selected, "", self.view.jobset or JobSetStatus()
        place = self.grid.selected
        if row is None and place is not None:
            hole = f"slice {place[0]} host {place[1].host}: no pod here"
        warnings = [e for e in self.view.events if row is not None and e.warning and e.name == row.name]
        self.detail.show(row, hole, jobset, max(warnings, key=lambda e: e.at, default=None), self._metered())

    def _metered(self) -> tuple[tuple[str, str], ...]:
        """What the chips under the cursor are at; asks for it where nobody did."""
        pod, live = self.pod, self.live
        if pod is None or live is None or not pod.chips:
            return ()
        live.session.look_at((pod.slice,))
        return present_chips.line((live.state.chips.value or {}).get(pod.uid), self._now)

    @on(PodGrid.Selected)
    def _host_selected(self) -> None:
        self._restream()

    @on(Rows.Highlighted, "#listing")
    def _pod_selected(self) -> None:
        if self.listed and (pod := self.pod) and pod.slice >= 0:
            self.grid.select(pod.slice, pod.host)
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
        pod = self.pod
        self.listed = not self.listed
        self._upper.display = True
        self.grid.display, self.listing.display = not self.listed, self.listed
        if self.listed:
            self._list(self._now)
        if self.listed and pod is not None:
            self.listing.choose(pod.uid)
        (self.listing if self.listed else self.grid).focus()
        self._show_detail()
        self._restream()

    def zoom_by(self, step: int) -> None:
        """Nearer (-1) or farther (1), out of the list."""
        if self.listed:
            self.toggle_list()
        elif not self.grid.zoom_by(step):
            self.console.tell("this is as near as it goes" if step < 0 else "this is as far as it goes")

    def show_details(self) -> None:
        """Everything about the pod under the cursor, in a dialog."""
        from saxtui.console.modals.pod_detail import PodModal

        if self.session is not None and self.pod is not None:
            self.app.push_screen(PodModal(self.session, self.pod, self.console.sessions.now))

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
        from saxtui.engine.watching.logs import LogSelection

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
        session, target = self.session, self._target() if self.view.pods else None
        if session is not None and target is not None:
            self.stream.show(session, *target)

    @on(LogPane.Asked)
    def _asked(self, event: LogPane.Asked) -> None:
        answered(self, event.what, event.answer)

    def open_filter(self) -> None:
        """`/`: search the log."""
        self.pane.ask("search")

    def why_about(self) -> tuple[int, str]:
        """What `w` asks about: the slice under the cursor where something is wrong with it, else everything."""
        place, report = self.grid.selected, self.live.state.why.value if self.live else None
        if report is None or self.listed or place is None or not present_why.about(report, place[0]):
            return -1, ""
        return place[0], ""

    def go_back(self) -> None:
        """Close the prompt, drop the search, leave the zoom; then the screen before."""
        if close_first(self.pane):
            return
        if not self._upper.display:
            self.toggle_zoom()
            return
        super().go_back()
