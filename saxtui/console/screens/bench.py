"""Bench: a load on the served model, its latencies as figures and plots, and earlier runs beside them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import getters, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label

from saxtui.console.commands import Command
from saxtui.console.screens.base import ConsoleScreen
from saxtui.console.styling import ROLE_STYLE, sheet
from saxtui.console.widgets.rows import Cell, Column, Row, Rows
from saxtui.console.widgets.rule_title import RuleTitle
from saxtui.console.widgets.words import Words
from saxtui.model.bench import BenchRun, Load, Measured, begun, compare, from_data, generated
from saxtui.model.talk import Ask
from saxtui.present import bench as words
from saxtui.present import bench_files

if TYPE_CHECKING:
    from textual.timer import Timer

    from saxtui.console.sessions import Live
    from saxtui.engine.serving.bench import Bench
    from saxtui.engine.session import Session

_PAINT_EVERY = 0.25  # real seconds between two pictures while a load runs
_FIELDS = (("at-once", "at once", "1", 12), ("count", "requests", "20", 7), ("seconds", "or seconds", "", 7))
_DROPPED = {"p95": 1, "queued p95": 2, "first p50": 3}
"""Columns that give way where there is no room, the highest first."""
_WRITERS = {"json": bench_files.as_json, "csv": bench_files.as_csv, "svg": bench_files.as_svg}


def _idle(screen: BenchScreen) -> str:
    if screen.live is None:
        return "no deployment is open"
    return "a load runs: s stops it" if screen.tool is not None else ""


def _running(screen: BenchScreen) -> str:
    return "" if screen.tool is not None else "nothing runs"


def _measured(screen: BenchScreen) -> str:
    return "" if screen.shown is not None and screen.tool is None else "nothing has been measured yet"


class BenchScreen(ConsoleScreen):
    """Holds the run that is shown and the one it is compared with; runs are on disk."""

    CSS_PATH = sheet("bench.tcss")
    HEADING = "Bench"
    AUTO_FOCUS = "#loads"
    HERE = (
        Command("bench.start", ("b",), "begin", "Put the load on the model and measure", lambda s: s.start(), _idle),
        Command("bench.stop", ("s",), "stop", "End it now; what was measured stays", lambda s: s.stop(), _running),
        Command("bench.earlier", ("o",), "earlier", "Show a saved run", lambda s: s.look_back(), _idle),
        Command("bench.compare", ("c",), "compare", "Show a saved run's figures beside these",
                lambda s: s.compare_with(), _measured),
        Command("bench.export", ("e",), "export", "Write this run as JSON, CSV and SVG", lambda s: s.export(),
                _measured),
        Command("bench.load", ("l",), "load", "Change how many at once, how many requests", lambda s: s.edit(), _idle,
                footer=False),
    )  # fmt: skip

    table = getters.query_one("#loads", Rows)
    _title = getters.query_one("#bench-title", RuleTitle)
    _notice = getters.query_one("#bench-notice", Words)
    _plots = getters.query_one("#bench-plots", Words)
    _plot_title = getters.query_one("#plot-title", RuleTitle)

    def __init__(self) -> None:
        super().__init__()
        self.tool: Bench | None = None
        self.shown: BenchRun | None = None
        self._against: BenchRun | None = None
        self._said = ""
        self._growing: Timer | None = None

    def compose_body(self) -> ComposeResult:
        """Load, figures, plots of the load under the cursor, what must be known."""
        plain = self.console.glyphs.ascii_only
        with Vertical(classes="body"):
            yield RuleTitle("bench", id="bench-title", ascii_only=plain)
            with Horizontal(id="bench-load"):
                for name, label, value, width in _FIELDS:
                    yield Label(label)
                    field = Input(value, id=f"load-{name}", compact=True, max_length=24)
                    field.styles.width = width
                    yield field
            yield Rows(_columns(()), id="loads", marker=self.console.glyphs.pick("❯", ">"))
            yield RuleTitle(id="plot-title", ascii_only=plain)
            yield Words(id="bench-plots")
            yield Words(id="bench-notice")

    # -- the picture
    def on_session(self, live: Live | None) -> None:
        """Another deployment: its load ends, nothing is shown."""
        self.stop()
        self.shown = self._against = None
        self._said = ""
        self._paint()

    def _paint(self) -> None:
        run, plain = self.shown, self.console.glyphs.ascii_only
        narrow = self.has_class("-narrow")
        self._title.show("bench", "" if run is None else run.model if narrow else words.heading(run))
        measured = run.measured if run else ()
        kept = words.columns(measured)
        self.table.display = bool(measured)
        self.table.put([_row(one, kept) for one in measured], _columns(measured))
        chosen = next((one for one in measured if one.load.title == self.table.selected), None)
        self._plot_title.display = self._plots.display = chosen is not None and len(chosen.answered) > 1
        if chosen is not None:
            self._plot_title.show("latency", chosen.load.title)
            width, rows = max(40, min(self.size.width - 6, 100)), max(4, min(12, self.size.height - 18))
            lines = (
                *words.histogram_lines(chosen, width, rows=rows, plain=plain),
                *words.series_lines(chosen, width, plain=plain),
            )
            self._plots.update(Content("\n".join(lines)))
        self._tell(measured)

    def _tell(self, measured: tuple[Measured, ...]) -> None:
        lines: list[tuple[str, str]] = [(self._said, "busy" if self.tool is not None else "warn")] if self._said else []
        if self.session is None:
            lines.append(("No deployment is open: choose one on Home (1).", "dim"))
        elif not measured and not self._said:
            lines.append(("b puts the load on the model, l changes it. Prompts are generated, no two alike.", "dim"))
        lines += [(f"{one.load.title}: {said}", "bad") for one in measured if (said := words.errors(one))]
        if self.shown is not None and self._against is not None:
            for line in words.comparison(compare(self._against, self.shown)):
                lines.append((f"against {self._against.id}: {line}", "accent"))
        lines += [(note, "dim") for note in (self.shown.notes if self.shown else ())]
        self._notice.update(Content("\n").join(Content.styled(text, ROLE_STYLE[role]) for text, role in lines))

    @on(Rows.Highlighted)
    def _chosen(self) -> None:
        self._paint()

    def on_resize(self) -> None:
        """Plots fit the window."""
        self._paint()

    # -- the load
    def edit(self) -> None:
        """To the fields."""
        self.query_one("#load-at-once", Input).focus()

    @on(Input.Submitted)
    def start(self) -> None:
        """Begin, or say what is wrong with the load."""
        session = self.session
        self._said = _idle(self)
        try:
            loads = self._loads()
        except ValueError as error:
            self._said = str(error)
        if self._said or session is None:
            self._paint()
            return
        self.table.focus()
        self._measure(session, loads)

    def _loads(self) -> tuple[Load, ...]:
        at_once, count, seconds = (self.query_one(f"#load-{name}", Input).value for name, *_ in _FIELDS)
        numbers = [_whole(part, "at once", 1024) for part in at_once.split(",") if part.strip()]
        if not numbers:
            raise ValueError("at once: say how many, such as 1 or 1,2,4")
        wanted = _whole(count, "requests", 1_000_000) if count.strip() else 0
        length = float(_whole(seconds, "seconds", 86_400)) if seconds.strip() else 0.0
        if not wanted and not length:
            raise ValueError("say how many requests, or for how many seconds")
        return tuple(Load(number, count=wanted, seconds=length, warmup=1) for number in dict.fromkeys(numbers))

    def stop(self) -> None:
        """End the load in progress."""
        if self.tool is not None:
            self.tool.stop()

    @work(exclusive=True, group="bench", exit_on_error=False, description="measure the model")
    async def _measure(self, session: Session, loads: tuple[Load, ...]) -> None:
        from saxtui.engine.serving.bench import Bench

        prompts = generated(32)
        model, clock = session.deployment.model.id, session.cloud.clock
        self._said, self._against = "asking what is loaded", None
        self._paint()
        try:
            talker = await session.measured_talker(model)
            abilities = await talker.abilities(model)
            self.tool = Bench(talker, abilities, Ask("", model), prompts, clock.now, clock.speed)
            self._said = "measuring"
            about = begun(session.deployment.name, model, abilities.server, len(prompts), clock.now(), clock.speed)
            self._growing = self.set_interval(_PAINT_EVERY, lambda: self._grow(about))
            run = await self.tool.run_all(loads, about)
            self.shown, self._said = run, "stopped: what was in flight is not counted" if self.tool.stopped else ""
        finally:
            self.tool = None
            if self._growing is not None:
                self._growing.stop()
            self._said = "" if self._said in ("measuring", "asking what is loaded") else self._said
            self._paint()
        await self._keep(run)

    def _grow(self, about: BenchRun) -> None:
        if self.tool is not None:
            self.shown = replace(about, measured=self.tool.so_far)
            self._paint()

    async def _keep(self, run: BenchRun) -> None:
        runtime = self.console.sessions.runtime
        if runtime is not None and any(one.samples for one in run.measured):
            await asyncio.to_thread(runtime.bench_runs().save, run.id, bench_files.as_json(run))

    # -- earlier runs
    async def look_back(self) -> None:
        """Choose a saved run and show it."""
        run = await self._choose("Show a saved run")
        if run is not None:
            self.shown, self._against, self._said = run, None, ""
            self._paint()

    async def compare_with(self) -> None:
        """Choose a saved run and show its figures beside these."""
        run = await self._choose("Compare with a saved run")
        if run is not None:
            self._against = run
            shown = self.shown
            self._said = "" if shown and compare(run, shown) else "no load of that run was measured in this one"
            self._paint()

    async def _choose(self, title: str) -> BenchRun | None:
        from saxtui.console.modals.bench_runs import BenchRunsModal

        runtime = self.console.sessions.runtime
        if runtime is None:
            return None
        runs = runtime.bench_runs()
        name = await self.console.push_screen_wait(BenchRunsModal(title, await asyncio.to_thread(runs.names)))
        return await asyncio.to_thread(lambda: from_data(runs.load(name))) if name else None

    async def export(self) -> None:
        """Write the shown run into the state folder, and say where."""
        runtime, run = self.console.sessions.runtime, self.shown
        if runtime is None or run is None:
            return
        files = {f"{run.id}.{ending}": write(run) for ending, write in _WRITERS.items()}
        paths = await asyncio.to_thread(runtime.bench_runs().export, files)
        self.console.tell(f"written: {paths[0]} and as {', '.join(path.rpartition('.')[2] for path in paths[1:])}")

    def go_back(self) -> None:
        """Leave the fields first; then the screen before."""
        if isinstance(self.focused, Input):
            self.table.focus() if self.table.display else self.set_focus(None)
            return
        super().go_back()


def _whole(text: str, name: str, most: int) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ValueError(f"{name}: {text.strip()!r} is no whole number") from None
    if not 1 <= number <= most:
        raise ValueError(f"{name}: must be from 1 to {most}")
    return number


def _columns(measured: tuple[Measured, ...]) -> tuple[Column, ...]:
    titles = [words.COLUMNS[index] for index in words.columns(measured)]
    return tuple(
        Column(title.upper(), least=20, grow=index == 0, right=index > 0, drop=_DROPPED.get(title, 0))
        for index, title in enumerate(titles)
    )


def _row(one: Measured, kept: tuple[int, ...]) -> Row:
    found = words.row(one)
    role = "bad" if found.failed else ""
    return Row(one.load.title, tuple(Cell(found.cells[index], role) for index in kept))
