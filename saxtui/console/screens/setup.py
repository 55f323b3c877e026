"""Setup: project → model → slice → names and network → review. The right side says what every answer does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import ContentSwitcher, Input, Static

from saxtui.catalog import sax_models, tpus
from saxtui.console import runs
from saxtui.console.commands import Command
from saxtui.console.screens.base import ConsoleScreen
from saxtui.console.setup import meaning, probe
from saxtui.console.setup.draft import PAGES, Draft, blank, check
from saxtui.console.setup.labelled import Aside, Labelled
from saxtui.console.setup.meaning import Meaning
from saxtui.console.setup.pages import ModelPage, NamesPage, Page, ProjectPage, ReviewPage, SlicePage
from saxtui.console.styling import sheet
from saxtui.console.widgets.field import Choice
from saxtui.console.widgets.rows import Rows
from saxtui.errors import SaxtuiError

if TYPE_CHECKING:
    from saxtui.model.plan import Plan

_KINDS: tuple[type[Page], ...] = (ProjectPage, ModelPage, SlicePage, NamesPage, ReviewPage)
_SLICE, _REVIEW = 2, len(PAGES) - 1
_TABLES = {"projects": "project", "classes": "model_path", "shapes": "topology"}


class SetupScreen(ConsoleScreen):
    """The wizard. It keeps the answers while other screens are in front."""

    CSS_PATH = sheet("setup.tcss")
    HEADING = "Setup"
    HERE = (
        Command("setup.next", ("enter", "f4"), "next", "Go on to the next page; on Review, start",
                lambda s: s.next_page(), lambda s: s.page_problem()),
        Command("setup.previous", ("f3",), "previous", "Back to the page before; nothing typed is lost",
                lambda s: s.turn(s.page - 1), lambda s: "" if s.page else "this is the first page"),
        Command("setup.check", ("f5",), "check again", "Ask the project again", lambda s: s.start_probe()),
        Command("setup.again", ("f8",), "start over", "Forget all answers", lambda s: s.start_over(), footer=False),
    )  # fmt: skip

    switcher = getters.query_one(ContentSwitcher)
    progress_line = getters.query_one("#progress", Static)
    means = getters.query_one("#means", Labelled)
    drawing = getters.query_one("#sketch", Static)
    answered = getters.query_one("#findings", Labelled)
    hint = getters.query_one("#hint", Static)

    def __init__(self) -> None:
        super().__init__()
        self.draft: Draft = blank("")
        self.page = 0
        self._made: Any = None
        self._wrong: dict[str, str] = {}
        self._seen = {0}
        self._plan: Plan | None = None
        self._welcomed = False

    def compose_body(self) -> ComposeResult:
        """Progress, the page on the left, what it means on the right."""
        self.draft = self._fresh()
        with Vertical(classes="body"):
            yield Static(id="progress", markup=False)
            with Horizontal(id="halves"):
                with ContentSwitcher(initial="page-0", id="pages"):
                    for number, kind in enumerate(_KINDS):
                        yield kind(self.draft, number)
                with Aside(id="right"):
                    yield Static("What this means", classes="title", markup=False)
                    yield Labelled(id="means")
                    yield Static(id="sketch", markup=False)
                    yield Labelled("The project says", id="findings")
            yield Static(id="hint", markup=False)

    def _fresh(self) -> Draft:
        runtime = self.console.sessions.runtime
        taken = {line.name for line in self.console.sessions.summaries or ()}
        return blank(runtime.surroundings.default_project if runtime else "", taken)

    def on_mount(self) -> None:
        """The first page, checked."""
        super().on_mount()
        self.changed()
        self.turn(0)

    def on_frame(self, now: float) -> None:
        """The engine may open after the wizard: then its defaults come in, unless something was typed meanwhile."""
        if self._welcomed or self.console.sessions.summaries is None:
            return
        self._welcomed = True
        if not self.draft.project:
            fresh = self._fresh()
            self.draft = replace(self.draft, project=fresh.project, taken=fresh.taken)
            self._page(self.page).fill(self.draft)
            self.changed()
            self.start_probe()
        self.run_worker(self._list_projects(), group="projects", description="list the projects", exit_on_error=False)

    async def _list_projects(self) -> None:
        page = self.query_one(ProjectPage)
        try:
            page.show(await probe.project_ids(self.console.sessions, self.draft.project))
        except SaxtuiError as error:
            page.show((), error.problem.one_line())

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        name = event.input.name
        if name and event.value != self.draft.answer(name):
            self.draft = self.draft.put(name, event.value)
            self.changed()

    @on(Choice.Changed)
    def _chose(self, event: Choice.Changed) -> None:
        self.draft = self.draft.put(event.name, event.value)
        if event.name == "generation":
            self.draft = fitting(self.draft)
            self._page(_SLICE).fill(self.draft)
        self.changed()

    @on(Rows.Highlighted)
    def _picked(self, event: Rows.Highlighted) -> None:
        field = _TABLES.get(event.rows.id or "")
        if field is None or self.draft.answer(field) == event.row_id:
            return
        self.draft = self.draft.put(field, event.row_id)
        if field == "model_path":
            self.draft = fitting(self.draft)
        self._page(self.page).fill(self.draft)
        self.changed()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_command("setup.next")

    @on(Rows.Activated)
    def _activated(self) -> None:
        self.action_command("setup.next")

    def changed(self) -> None:
        """Check the answers in a thread, newest last, and say what they mean."""
        self._plan = None
        self.run_worker(self._check(self.draft), group="check", exclusive=True, description="check the answers")

    async def _check(self, draft: Draft) -> None:
        self._made, wrong = await asyncio.to_thread(check, draft)
        self._wrong = dict(wrong)
        self._draw()

    def _draw(self) -> None:
        self.progress_line.update(self._progress())
        self.means.show(meaning.of_page(self.page, self.draft, self._made))
        plain = self.console.glyphs.ascii_only
        self.drawing.update("\n".join(meaning.sketch(self.draft, plain=plain)) if self.page == _SLICE else "")
        for field in self.query(".field"):
            name = (field.id or "").partition("-")[2]
            field.set_class(name in self._wrong, "-wrong")
        self._draw_hint()
        self._footer.show(self.commands, self)

    def _draw_hint(self) -> None:
        """What stops the operator here, then what the project would refuse, then the keys."""
        refused = next((line.text for line in self.answered.lines if line.role == "bad"), "")
        said = self.page_problem() or refused
        keys = "enter goes on · esc back · tab next field"
        self.hint.update(Content.styled(said, "$text-error") if said else Content.styled(keys, "$foreground 60%"))

    def _progress(self) -> Content:
        glyphs = self.console.glyphs
        parts = []
        for number, (title, fields) in enumerate(PAGES):
            bad = any(field in self._wrong for field in fields)
            if number == self.page:
                mark, style = glyphs.pick("●", "*"), "bold $accent"
            elif bad:
                mark, style = glyphs.pick("▲", "!"), "$text-warning"
            elif number in self._seen:
                mark, style = glyphs.pick("✓", "+"), "$text-success"
            else:
                mark, style = glyphs.pick("○", "."), "$foreground 60%"
            parts.append(Content.styled(f"{number + 1} {title} {mark}", style))
        return Content("   ").join(parts)

    def page_problem(self) -> str:
        """The first thing wrong on this page, or ""; Review needs every page to be good."""
        fields = PAGES[self.page][1]
        names = list(self._wrong) if self.page == _REVIEW else [field for field in fields if field in self._wrong]
        return f"{names[0].replace('_', ' ')}: {self._wrong[names[0]]}" if names else ""

    def _page(self, number: int) -> Page:
        return self.query_one(f"#page-{number}", Page)

    def turn(self, number: int) -> None:
        """Show a page; the answers of the others stay."""
        self.page = number
        self._seen.add(number)
        page = self._page(number)
        page.fill(self.draft)
        self.switcher.current = f"page-{number}"
        self.query_one(page.first).focus()
        self._draw()
        self.start_probe()
        if number == _REVIEW:
            self._review()

    def next_page(self) -> object:
        """The next page, or the start when the project id is typed."""
        if self.page < _REVIEW:
            self.turn(self.page + 1)
            return None
        return self._begin()

    def go_back(self) -> None:
        """The page before, then the screen before."""
        if self.page:
            self.turn(self.page - 1)
        else:
            self.console.back()

    def start_over(self) -> None:
        """A new draft with a new id."""
        self.draft = self._fresh()
        self._seen = set()
        for number in range(len(PAGES)):
            self._page(number).fill(self.draft)
        self.changed()
        self.turn(0)

    def start_probe(self) -> None:
        """Ask the project; the answers of an earlier asking are dropped."""
        self.run_worker(self._probe(), group="probe", exclusive=True, description="ask the project",
                        exit_on_error=False)  # fmt: skip

    async def _probe(self) -> None:
        if not self.draft.project or self.console.sessions.runtime is None:
            self.answered.show(())
            return
        lines: list[Meaning] = []
        self.answered.show((Meaning("", "asking ...", "dim"),))
        made, _ = await asyncio.to_thread(check, self.draft)
        async for line in probe.probe(self.console.sessions, self.draft, made):
            lines.append(line)
            self.answered.show(lines)
        self._draw_hint()

    def _review(self) -> None:
        page = self.query_one(ReviewPage)
        page.ask(self.draft.project)
        self.run_worker(self._preview(page), group="preview", exclusive=True, description="plan", exit_on_error=False)

    async def _preview(self, page: ReviewPage) -> None:
        made, wrong = await asyncio.to_thread(check, self.draft)
        page.rows.put([])
        if made is None:
            page.said.update("; ".join(wrong.values()))
            return
        page.said.update("observing what exists ...")
        session = await self.console.sessions.draft(made)
        try:
            self._plan = await session.plan()
        except SaxtuiError as error:
            page.said.update(Content.styled(error.problem.one_line(), "$text-error"))
            return
        finally:
            await session.close()
        page.show(self._plan)
        first, *others = self._plan.consequences  # money comes first
        risks = self._plan.risks
        consequences = [Meaning("", f"· {first}", "warn")]
        consequences += [Meaning("", f"· {text}", "bad" if text in risks else "") for text in others]
        self.means.show([Meaning("", "Consequences first", "strong"), *consequences])

    async def _begin(self) -> None:
        """Save the deployment, plan again and start; the plan shown must be the plan run."""
        typed = self.query_one("#input-typed", Input).value.strip()
        if typed != self.draft.project:
            self.console.tell(f"type {self.draft.project} to start", "warning")
            return
        made, _ = await asyncio.to_thread(check, self.draft)
        shown = self._plan
        if made is None or shown is None:
            self.console.tell("there is no plan yet", "warning")
            return
        live = await self.console.sessions.create(made)
        plan = await live.session.plan()
        self.console.go("provision", after=("home",))
        self.start_over()
        if plan.digest == shown.digest:
            self.console.sessions.up(live, plan)
        else:
            self.console.tell("what exists has changed since the plan was shown", "warning")
            await runs.resume(self.console, live)


def fitting(draft: Draft) -> Draft:
    """The draft with a topology its model class can run on, where there is one, and a checkpoint that suits it."""
    known = sax_models.find(draft.model_path)
    shapes = tpus.topologies(draft.generation)
    legal = [shape for shape in shapes if known is None or shape.chips in known.chips]
    if draft.topology not in {shape.topology for shape in legal} and (legal or shapes):
        draft = draft.put("topology", (legal or list(shapes))[0].topology)
    if known is not None and known.test_mode:
        draft = draft.put("checkpoint", "None")
    zones = tpus.zones(draft.generation)
    return draft if draft.zone in zones or not zones else draft.put("zone", zones[0])
