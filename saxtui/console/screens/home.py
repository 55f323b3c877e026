"""Home: every deployment with its state, what it costs now and has cost; loading, empty, failed and ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import getters
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from saxtui.console import causes, runs
from saxtui.console.commands import Command
from saxtui.console.screens.base import ConsoleScreen
from saxtui.console.styling import sheet
from saxtui.console.widgets.rows import Cell, Column, Row, Rows
from saxtui.console.widgets.words import Words

if TYPE_CHECKING:
    from saxtui.console.sessions import Live
    from saxtui.console.setup.keeping import Unfinished
    from saxtui.engine.runtime import Summary

_COLUMNS = (
    Column(width=1),
    Column("deployment", least=8, most=28),
    Column("state", grow=True, least=24),
    Column("zone", drop=2),
    Column("bills now", right=True),
    Column("spent", right=True),
    Column("since", right=True, drop=1),
)
_DOWN = {"down", "new"}
_BUSY = {"running"}


def _chosen(screen: HomeScreen) -> str:
    return "" if screen.selected else "no deployment selected"


class HomeScreen(ConsoleScreen):
    """The table of saved deployments."""

    CSS_PATH = sheet("home.tcss")
    HEADING = "Home"
    HERE = (
        Command("home.new", ("n",), "new", "Set up a new deployment", lambda s: s.console.go("setup")),
        Command("home.open", ("enter",), "open", "Open its run, or its slices", lambda s: s.open_selected(), _chosen),
        Command("home.resume", ("r",), "resume", "Go on with what an earlier run left", lambda s: s.resume(),
                lambda s: _chosen(s) or s.no_resume()),
        Command("home.pause", ("z",), "pause", "Scale its slices to zero; the cluster stays", lambda s: s.pause(),
                lambda s: _chosen(s) or s.no_pause()),
        Command("home.extend", ("e",), "extend", "More time to live; nothing is deleted when it ends",
                lambda s: s.extend(), _chosen, footer=False),
        Command("home.attach", ("a",), "attach", "Look at a cluster that others made: slices, models, chat, audit",
                lambda s: s.attach(), lambda s: "" if s.console.sessions.runtime else "saxtui is still starting"),
        Command("home.take-down", ("x",), "take down", "Delete everything of it and prove it gone",
                lambda s: s.take_down(), lambda s: _chosen(s) or s.no_down()),
        Command("home.why", ("w",), "why", "Why it is red or grey, and what to do", lambda s: s.why(), _chosen,
                footer=False),
        Command("home.reload", ("f5",), "reload", "Read the journals again", lambda s: s.console.sessions.refresh(),
                footer=False),
        Command("home.leave", ("q",), "quit", "Leave saxtui", lambda s: s.console.action_quit()),
    )  # fmt: skip

    rows = getters.query_one("#deployments", Rows)
    words = getters.query_one("#words", Words)
    unfinished = getters.query_one("#unfinished", Words)

    def __init__(self) -> None:
        super().__init__()
        self._told: object = self

    def compose_body(self) -> ComposeResult:
        """The table, or words in its place."""
        with Vertical(classes="body"):
            yield Static("Deployments", classes="title", markup=False)
            yield Words("reading the journals ...", id="words")
            yield Rows(_COLUMNS, id="deployments", marker=self.console.glyphs.pick("❯", ">"))
            yield Words(id="unfinished")

    def on_mount(self) -> None:
        """Words first: what is there is not known yet."""
        self.rows.display = False
        super().on_mount()

    @property
    def selected(self) -> str:
        """The name of the deployment under the cursor."""
        return self.rows.selected

    @property
    def summary(self) -> Summary | None:
        """The line under the cursor."""
        return next((s for s in self.console.sessions.summaries or () if s.name == self.selected), None)

    def on_frame(self, now: float) -> None:
        """Show the lines when they changed, or while they age."""
        sessions = self.console.sessions
        told = (sessions.summaries, sessions.failed, int(now) if sessions.summaries else 0, sessions.drafts.value)
        if told == self._told:
            return
        self.unfinished.update(_unfinished(sessions.drafts.value, now))
        self._told = told
        if sessions.summaries is None:
            self._say(_failed(sessions.failed) if sessions.failed else Content("reading the journals ..."))
        elif not sessions.summaries:
            self._say(_empty())
        else:
            self._list(sessions.summaries, now)

    def _say(self, words: Content) -> None:
        self.rows.display, self.words.display = False, True
        self.words.update(words)

    def _list(self, summaries: tuple[Summary, ...], now: float) -> None:
        first = not self.rows.display
        failed = self.console.sessions.failed
        self.words.display = bool(failed)
        if failed:
            self.words.update(_failed(failed))
        self.rows.display = True
        self.rows.put([self._row(line, now) for line in summaries])
        if first:
            self.rows.focus()

    def _row(self, line: Summary, now: float) -> Row:
        from saxtui.console.deployment_words import sign_of, state_of, when
        from saxtui.model.term import term
        from saxtui.present.spend import of_line
        from saxtui.present.term import ROLE, short

        live = next((live for live in self.console.sessions.opened if live.name == line.name), None)
        state, said = state_of(line, live)
        cost = live.cost(now) if live is not None else of_line(line)
        sign = sign_of(state)
        ends = term(line.until if live is None else live.state.progress.until, now, line.ttl) if cost.bills else None
        if ends is not None and ends.state != "far":
            said = f"{short(ends)}: e extends   {said}".rstrip()
        role = sign.role if sign.role in {"warn", "bad", "doubt"} else ""
        role = ROLE[ends.state] if ends is not None and ends.state != "far" else role
        return Row(
            line.name,
            (
                Cell(self.console.glyphs.sign(sign), sign.role),
                Cell(line.name, "strong"),
                Cell(said or _serves(live) or sign.word, role),
                Cell(line.zone, "dim"),
                Cell(cost.rate_text, "warn" if cost.bills else "dim"),
                Cell(cost.spent_text),
                Cell(when(line.since, now), "dim"),
            ),
        )

    def on_rows_activated(self, event: Rows.Activated) -> None:
        """A double click opens."""
        event.stop()
        self.action_command("home.open")

    def no_resume(self) -> str:
        """Why there is nothing to resume, or ""."""
        line = self.summary
        if line is None or self._at_work(line.name):
            return "a run is at work on it: enter shows it"
        return "" if line.state not in {"up", "unreadable", "attached"} else f"it is {line.state}"

    def no_down(self) -> str:
        """Why it cannot be taken down, or ""."""
        line = self.summary
        if line is None or self._at_work(line.name):
            return "a run is at work on it: stop it first"
        if line.state == "attached":
            return "it is attached: others made it, so nothing of it is ours to delete"
        return f"it is {line.state}: nothing of it exists" if line.state in _DOWN else ""

    def no_pause(self) -> str:
        """Why its slices cannot be let go, or ""; what the journal does not tell is seen when it is opened."""
        line = self.summary
        if line is None or self._at_work(line.name):
            return "a run is at work on it"
        return f"it is {line.state}" if line.state in {*_DOWN, "unreadable", "paused", "attached"} else ""

    def _at_work(self, name: str) -> bool:
        return any(live.name == name for live in self.console.sessions.running)

    async def open_selected(self) -> None:
        """Open the deployment: Slices when it stands, the timeline otherwise."""
        line = self.summary
        if line is None:
            return
        live = await self.console.sessions.open(line.name)
        self.console.go("slices" if line.state in {"up", "attached"} and not live.running else "provision")

    async def attach(self) -> None:
        """Ask which cluster, look at it, say what is risky there, and show its slices."""
        from saxtui.console.modals.attach import AttachModal, AuditModal

        sessions = self.console.sessions
        runtime = sessions.runtime
        project = runtime.surroundings.default_project if runtime else ""
        place = await self.console.push_screen_wait(AttachModal(project, await sessions.context()))
        if place is None:
            return
        self.console.tell(f"looking at {place.name}")
        name, findings = await sessions.attach(place)
        await self.console.push_screen_wait(AuditModal(name, findings))
        await sessions.open(name)
        self.console.go("slices")

    async def why(self) -> None:
        """Open the deployment and say what is wrong with it."""
        live = await self.console.sessions.open(self.selected)
        await causes.ask(self.console, live)

    async def resume(self) -> None:
        """Plan again, show what would be done, and go on."""
        live = await self.console.sessions.open(self.selected)
        self.console.go("provision")
        await runs.resume(self.console, live)

    async def pause(self) -> None:
        """Ask, then bring the slices to zero and show it."""
        live = await self.console.sessions.open(self.selected)
        reason = runs.no_pause(live)
        if reason:
            self.console.tell(f"pause: {reason}")
        else:
            await runs.pause(self.console, live)

    async def extend(self) -> None:
        """Ask for how long, and move the end of its time to live."""
        await runs.extend(self.console, await self.console.sessions.open(self.selected))

    async def take_down(self) -> None:
        """Ask for the name, then run `down` and show it."""
        live = await self.console.sessions.open(self.selected)
        await runs.take_down(self.console, live)


def _serves(live: Live | None) -> str:
    """ "serving 2/2" of a deployment that is open and has a model loaded, else ""."""
    from saxtui.console.header import serving

    told = serving(live.state, live.session.deployment.model.id) if live is not None else ""
    return f"serving {told}" if told and not told.startswith("0/") else ""


def _unfinished(kept: Unfinished | None, now: float) -> Content:
    """That a setup was begun and not finished, and how to go on with it."""
    if kept is None:
        return Content("")
    from saxtui.console.deployment_words import when
    from saxtui.console.setup.questions import PAGES

    page = PAGES[min(kept.page, len(PAGES) - 1)][0]
    said = f"   goes on with the setup begun for {kept.project or 'no project yet'}: page {page}, {when(kept.at, now)}"
    return Content.assemble(("n", "$accent bold"), said)


def _empty() -> Content:
    return Content("\n").join(
        [
            Content("No deployment yet."),
            Content(""),
            Content.assemble(("n", "$accent bold"), "   set one up: project, model, slices, names, then a review"),
            Content.assemble(("a", "$accent bold"), "   attach to a cluster on which others did the tutorial by hand"),
            Content.assemble(("?", "$accent bold"), "   all keys"),
            Content(""),
            Content("`saxtui demo` does the whole job on an embedded cloud: no account, no cost.").stylize(
                "$foreground 60%"
            ),
        ]
    )


def _failed(said: str) -> Content:
    return Content.assemble(("! ", "$text-error"), said, ("\nF5 reads them again", "$foreground 60%"))
