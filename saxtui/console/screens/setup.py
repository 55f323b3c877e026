"""Setup: project → model → slice → names → advanced → review. The right side says what every answer does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual import events, getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import ContentSwitcher, Input, Static

from saxtui.console import runs
from saxtui.console.commands import Command
from saxtui.console.screens.base import ConsoleScreen
from saxtui.console.setup import meaning, probe, questions
from saxtui.console.setup.bar import Bar, Spot
from saxtui.console.setup.draft import Draft, blank, check, fitting, from_preset, restored, unfinished, with_model
from saxtui.console.setup.labelled import Aside, Labelled
from saxtui.console.setup.meaning import Meaning
from saxtui.console.setup.pages import AdvancedPage, ModelPage, NamesPage, Page, ProjectPage, SlicePage
from saxtui.console.setup.review import ReviewPage, consequences
from saxtui.console.styling import sheet
from saxtui.console.widgets.field import Choice
from saxtui.console.widgets.rows import Rows
from saxtui.console.widgets.words import Words
from saxtui.errors import SaxtuiError

if TYPE_CHECKING:
    from saxtui.model.plan import Plan

_KINDS: tuple[type[Page], ...] = (ProjectPage, ModelPage, SlicePage, NamesPage, AdvancedPage, ReviewPage)
_TITLES = tuple(title for title, _ in questions.PAGES)
_SLICE, _REVIEW = _KINDS.index(SlicePage), _KINDS.index(ReviewPage)
_BURST = 0.1
"""Real seconds that answers of the project are gathered before they are shown together."""
_TABLES = {"projects": "project", "classes": "model_path", "shapes": "topology"}


class SetupScreen(ConsoleScreen):
    """The wizard. It keeps the answers while other screens are in front, and on disk when saxtui is left."""

    CSS_PATH = sheet("setup.tcss")
    HEADING = "Setup"
    HERE = (
        Command("setup.next", ("enter", "f4"), "next", "Go on to the next page; on Review, start",
                lambda s: s.next_page(), lambda s: s.page_problem()),
        Command("setup.previous", ("f3",), "previous", "Back to the page before; nothing typed is lost",
                lambda s: s.turn(s.page - 1), lambda s: "" if s.page else "this is the first page"),
        Command("setup.check", ("f5",), "check again", "Ask the project again", lambda s: s.start_probe()),
        Command("setup.export", ("f7",), "export", "Write the plan as a bash script, Terraform and a runbook",
                lambda s: s.export(), lambda s: s.nothing_to_export()),
        Command("setup.again", ("f8",), "start over", "Forget all answers", lambda s: s.start_over(), footer=False),
    )  # fmt: skip

    switcher = getters.query_one(ContentSwitcher)
    progress_line = getters.query_one("#progress", Bar)
    about = getters.query_one("#about", Labelled)
    means = getters.query_one("#means", Labelled)
    drawing = getters.query_one("#sketch", Words)
    answered = getters.query_one("#findings", Labelled)
    hint = getters.query_one("#hint", Words)
    turns = getters.query_one("#turns", Bar)
    review = getters.query_one(ReviewPage)

    def __init__(self) -> None:
        super().__init__()
        self.draft: Draft = blank("")
        self.page = 0
        self._made: Any = None
        self._wrong: dict[str, str] = {}
        self._seen = {0}
        self._plan: Plan | None = None
        self._welcomed = False
        self._burst: asyncio.TimerHandle | None = None

    def compose_body(self) -> ComposeResult:
        """Progress, the page on the left, what it means on the right, and the way on at the bottom."""
        self.draft = self._fresh()
        with Vertical(classes="body"):
            yield Bar(id="progress", gap=3)
            with Horizontal(id="halves"):
                with ContentSwitcher(initial="page-0", id="pages"):
                    for number, kind in enumerate(_KINDS):
                        yield kind(self.draft, number)
                with Vertical(id="right"):
                    yield Labelled(id="about")
                    with Aside(id="aside"):
                        yield Static("What this means", classes="title", markup=False)
                        yield Labelled(id="means")
                        yield Words(id="sketch")
                        yield Labelled("The project says", id="findings")
            with Horizontal(id="bottom"):
                yield Words(id="hint")
                yield Bar(id="turns")

    def _fresh(self) -> Draft:
        runtime = self.console.sessions.runtime
        taken = {line.name for line in self.console.sessions.summaries or ()}
        return blank(runtime.surroundings.default_project if runtime else "", taken)

    def on_mount(self) -> None:
        """The first page, checked."""
        super().on_mount()
        self.changed()
        self.turn(self.page)

    def on_frame(self, now: float) -> None:
        """The engine may open after the wizard: then its defaults come in, unless something was typed meanwhile."""
        if self._welcomed or self.console.sessions.summaries is None:
            return
        self._welcomed = True
        fresh, kept = self._fresh(), self.console.sessions.drafts.value
        if kept is not None and unfinished(self.draft, self.page, now) is None:
            self._go_on(restored(kept, fresh.taken), min(kept.page, _REVIEW))
        elif not self.draft.project:
            self.draft = replace(self.draft, project=fresh.project, taken=fresh.taken)
            self._page(self.page).fill(self.draft)
            self.changed()
            self.start_probe()
        self.run_worker(self._list_projects(), group="projects", description="list the projects", exit_on_error=False)

    def _go_on(self, draft: Draft, page: int) -> None:
        self.draft = draft
        self._seen = set(range(page))
        for number in range(len(_KINDS)):
            self._page(number).fill(draft)
        self.changed()
        self.turn(page)
        self.console.tell("going on with the setup you began; F8 starts over")

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
        if event.name == "preset":
            self.draft = from_preset(self.draft, event.value)
        else:
            self.draft = self.draft.put(event.name, event.value)
        if event.name == "generation":
            self.draft = fitting(self.draft)
        self._page(self.page).fill(self.draft)
        self.changed()

    @on(Rows.Highlighted)
    def _picked(self, event: Rows.Highlighted) -> None:
        field = _TABLES.get(event.rows.id or "")
        if field is None or self.draft.answer(field) == event.row_id:
            return
        if field == "model_path":
            self.draft = with_model(self.draft, event.row_id)
        else:
            self.draft = self.draft.put(field, event.row_id)
        self._page(self.page).fill(self.draft)
        self.changed()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_command("setup.next")

    @on(Rows.Activated)
    def _activated(self) -> None:
        self.action_command("setup.next")

    @on(Bar.Pressed)
    def _pressed(self, event: Bar.Pressed) -> None:
        if event.does.isdigit():
            self.turn(int(event.does))
        else:
            self.action_command(event.does)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The right side begins with what the field in hand is about."""
        asked = event.widget.id or ""
        name = _TABLES.get(asked) or asked.partition("-")[2]
        said = questions.help_of(name)
        self.about.show([Meaning("about", said, "accent")] if said else ())

    def changed(self) -> None:
        """Check the answers in a thread, newest last, say what they mean, and keep them."""
        self._plan = None
        self._keep()
        self.run_worker(self._check(self.draft), group="check", exclusive=True, description="check the answers")

    def _keep(self) -> None:
        sessions = self.console.sessions
        if self._welcomed:
            sessions.drafts.keep(unfinished(self.draft, self.page, sessions.now()))

    async def _check(self, draft: Draft) -> None:
        self._made, wrong = await asyncio.to_thread(check, draft)
        self._wrong = dict(wrong)
        self._draw()

    def _draw(self) -> None:
        self.progress_line.show(self._progress())
        if self.page != _REVIEW or self._plan is None:
            self.means.show(meaning.of_page(self.page, self.draft, self._made))
        plain = self.console.glyphs.ascii_only
        self.drawing.update("\n".join(meaning.sketch(self.draft, plain=plain)) if self.page == _SLICE else "")
        for field in self.query(".field"):
            name = (field.id or "").partition("-")[2]
            field.set_class(name in self._wrong, "-wrong")
        self._draw_bottom()
        self._footer.show(self.commands, self)

    def _draw_bottom(self) -> None:
        """What stops the operator here, then what the project would refuse, then the keys; and the two buttons."""
        refused = next((line.text for line in self.answered.lines if line.role == "bad"), "")
        said = self.page_problem() or refused
        keys = "enter goes on · esc back · tab next field · F1 all keys"
        self.hint.update(Content.styled(said, "$text-error") if said else Content.styled(keys, "$foreground 60%"))
        pick = self.console.glyphs.pick
        onward = "start" if self.page == _REVIEW else f"next {pick('›', '>')}"
        buttons = [Spot(f" {onward} ", "bold $accent reverse", "setup.next")]
        if self.page:
            buttons.insert(0, Spot(f" {pick('‹', '<')} back ", "$accent", "setup.previous"))
        self.turns.show(buttons)

    def _progress(self) -> list[Spot]:
        glyphs = self.console.glyphs
        spots = []
        for number, (title, asked) in enumerate(questions.PAGES):
            bad = any(question.name in self._wrong for question in asked)
            if number == self.page:
                mark, style = glyphs.pick("●", "*"), "bold $accent"
            elif bad:
                mark, style = glyphs.pick("▲", "!"), "$text-warning"
            elif number in self._seen:
                mark, style = glyphs.pick("✓", "+"), "$text-success"
            else:
                mark, style = glyphs.pick("○", "."), "$foreground 60%"
            spots.append(Spot(f"{number + 1} {title} {mark}", style, str(number)))
        return spots

    def page_problem(self) -> str:
        """The first thing wrong on this page, or ""; Review needs every page to be good."""
        here = [question.name for question in questions.PAGES[self.page][1]]
        names = list(self._wrong) if self.page == _REVIEW else [name for name in here if name in self._wrong]
        if not names:
            return ""
        elsewhere = f"on {_TITLES[questions.page_of(names[0])]}, " if self.page == _REVIEW else ""
        return f"{elsewhere}{questions.ALL[names[0]].title}: {self._wrong[names[0]]}"

    def _page(self, number: int) -> Page:
        return self.query_one(f"#page-{number}", Page)

    def turn(self, number: int) -> None:
        """Show a page; the answers of the others stay."""
        self.page = number
        self._seen.add(number)
        page = self._page(number)
        page.fill(self.draft)
        self.switcher.current = f"page-{number}"
        self.query_one(page.first).focus(scroll_visible=False)
        page.scroll_home(animate=False)
        self._keep()
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
        """A new draft with a new id; what was kept is forgotten."""
        self.draft = self._fresh()
        self._seen = set()
        for number in range(len(_KINDS)):
            self._page(number).fill(self.draft)
        self.turn(0)
        self.changed()

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
        try:
            async for line in probe.probe(self.console.sessions, self.draft, made):
                if self._burst is None:  # answers come in bursts: a layout for each would be felt
                    self._burst = asyncio.get_running_loop().call_later(_BURST, self._show_burst, lines)
                lines.append(line)
        finally:
            if self._burst is not None:
                self._burst.cancel()
                self._burst = None
        self.answered.show(lines)
        self._draw_bottom()

    def _show_burst(self, lines: list[Meaning]) -> None:
        self._burst = None
        self.answered.show(lines)

    def _review(self) -> None:
        self.review.ask_for(self.draft.project)
        self.run_worker(self._preview(), group="preview", exclusive=True, description="plan", exit_on_error=False)

    async def _preview(self) -> None:
        made, wrong = await asyncio.to_thread(check, self.draft)
        if made is None:
            self.review.refuse("; ".join(f"{questions.ALL[name].title}: {said}" for name, said in wrong.items()))
            return
        self.review.refuse("observing what exists ...", bad=False)
        session = await self.console.sessions.draft(made)
        try:
            self._plan = await session.plan()
        except SaxtuiError as error:
            self.review.refuse(error.problem.one_line())
            return
        finally:
            await session.close()
        self.review.show(self._plan)
        self.means.show(consequences(self._plan))

    def nothing_to_export(self) -> str:
        """Why nothing can be exported, or ""."""
        return "" if self._made is not None else "an answer is not good yet"

    async def export(self) -> None:
        """Write the plan for other tools."""
        paths = await self.console.sessions.export(self._made)
        self.console.tell(f"wrote {len(paths)} files: " + ", ".join(paths))

    async def _begin(self) -> None:
        """Save the deployment, plan again and start; the plan shown must be the plan run."""
        if self.review.typed.value.strip() != self.draft.project:
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
