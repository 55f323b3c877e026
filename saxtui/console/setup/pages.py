"""The wizard's pages as widgets: what is asked, and the tables to choose from. They know the draft, not the world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import getters
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Static

from saxtui.catalog import sax_models, tpus
from saxtui.console.app import ConsoleApp
from saxtui.console.setup import questions
from saxtui.console.setup.draft import Draft, zones_for
from saxtui.console.setup.meaning import sized, why_not
from saxtui.console.setup.questions import Question
from saxtui.console.widgets.field import Choice, Field
from saxtui.console.widgets.rows import Cell, Column, Row, Rows


class Page(VerticalScroll, can_focus=False):
    """One page. `first` is what gets the focus; `fill` puts the draft's answers in."""

    first = ""
    asked: tuple[Question, ...] = ()
    console = getters.app(ConsoleApp)

    def __init__(self, draft: Draft, number: int) -> None:
        super().__init__(id=f"page-{number}", classes="page")
        self.draft = draft

    def ask(self, *, without: Sequence[str] = (), only: Sequence[str] = ()) -> Iterator[Widget]:
        """A widget for each question of the page, in order."""
        for question in self.asked:
            if question.name not in without and (not only or question.name in only):
                yield field_of(question, self.draft)

    def fill(self, draft: Draft) -> None:
        """Show a draft whose answers changed otherwise than by typing."""
        self.draft = draft
        for field in self.query(Input):
            if field.name and field.value != draft.answer(field.name):
                field.value = draft.answer(field.name)
        for choice in self.query(Choice):
            if choice.question in questions.ALL:
                choice.put(draft.answer(choice.question))

    @property
    def marker(self) -> str:
        """The cursor's mark."""
        return self.console.glyphs.pick("❯", ">")


def field_of(question: Question, draft: Draft) -> Widget:
    """The question as a line of the form."""
    value = draft.answer(question.name)
    if question.options:
        return Choice(question.name, question.label, question.options, value)
    return Field(question.name, question.label, value, placeholder=question.hint)


class ProjectPage(Page):
    """What to start from, and which project pays."""

    first = "#input-project"
    asked = questions.PROJECT
    rows = getters.query_one("#projects", Rows)

    def compose(self) -> ComposeResult:
        """The preset, the id, and the projects these credentials can see."""
        yield Static("Which Google Cloud project?", classes="title", markup=False)
        yield from self.ask()
        yield Static("asking which projects can be seen ...", id="projects-said", classes="muted", markup=False)
        yield Rows((Column("projects you can see", grow=True),), id="projects", marker=self.marker)

    def show(self, ids: Sequence[str], said: str = "") -> None:
        """The projects, or why they are not known."""
        self.query_one("#projects-said", Static).update(said)
        self.rows.put([Row(project, (Cell(project),)) for project in ids])
        self.rows.choose(self.draft.project)


class ModelPage(Page):
    """Which model class, under which id, from which checkpoint, and how big it is."""

    first = "#classes"
    asked = questions.MODEL
    rows = getters.query_one("#classes", Rows)
    _COLUMNS = (
        Column("class", grow=True, least=24), Column("billion", right=True), Column("weights", right=True),
        Column("chips", right=True, most=12), Column("kind", drop=2), Column("since", drop=1),
    )  # fmt: skip

    def compose(self) -> ComposeResult:
        """The catalogue, the names, and what only the sizing uses."""
        yield Static("Which model?", classes="title", markup=False)
        yield Rows(self._COLUMNS, id="classes", marker=self.marker)
        yield from self.ask()

    def on_mount(self) -> None:
        """Every class: a newer one takes its release's images along."""
        self.rows.put([_class_row(model) for model in sax_models.all_models()])
        self.rows.choose(self.draft.model_path)

    def fill(self, draft: Draft) -> None:
        """The cursor follows a typed class path."""
        super().fill(draft)
        self.rows.choose(draft.model_path)


def _class_row(model: sax_models.SaxModel) -> Row:
    weights = f"{model.weights_gb:g} GB" if model.weights_gb is not None else "unknown"
    return Row(model.path, (
        Cell(model.name), Cell(f"{model.params_b:g}"), Cell(weights),
        Cell(" ".join(str(count) for count in model.chips)), Cell("test" if model.test_mode else "checkpoint", "dim"),
        Cell(model.since, "dim"),
    ))  # fmt: skip


class SlicePage(Page):
    """Which topology, how many slices, where."""

    first = "#shapes"
    asked = questions.SLICE
    rows = getters.query_one("#shapes", Rows)
    _COLUMNS = (
        Column("topology"), Column("chips", right=True), Column("hosts", right=True), Column("HBM", right=True),
        Column("", grow=True, least=8),
    )  # fmt: skip

    def compose(self) -> ComposeResult:
        """Generation, topology, count, capacity, zones."""
        yield Static("Which slices?", classes="title", markup=False)
        yield from self.ask(only=("generation",))
        yield Rows(self._COLUMNS, id="shapes", marker=self.marker)
        yield from self.ask(without=("generation", "topology"))

    def on_mount(self) -> None:
        """The first table."""
        self.fill(self.draft)

    def fill(self, draft: Draft) -> None:
        """Marks follow the model and the generation; so do the zones that are suggested."""
        super().fill(draft)
        self.query_one("#input-zone", Input).suggester = SuggestFromList(zones_for(draft.generation))
        self.rows.put(list(_shape_rows(draft)))
        self.rows.choose(draft.topology)


def _shape_rows(draft: Draft) -> Iterator[Row]:
    smallest = True
    for shape in tpus.topologies(draft.generation):
        mark, role = _mark(draft, shape)
        if role == "ok" and smallest:
            mark, smallest = f"{mark}  smallest", False
        plain = "" if role == "ok" else "dim"
        yield Row(shape.topology, (
            Cell(shape.topology, "strong" if role == "ok" else "dim"), Cell(str(shape.chips), plain),
            Cell(str(shape.hosts), plain), Cell(f"{shape.hbm_gb} GB", plain), Cell(mark, role),
        ))  # fmt: skip


def _mark(draft: Draft, shape: tpus.SliceShape) -> tuple[str, str]:
    known, found = sax_models.find(draft.model_path), sized(draft)
    if known is None and found is None:
        return "not known", "warn"
    if not why_not(draft, shape):
        return "fits", "ok"
    if found is not None and found.needed_gb > shape.hbm_gb:
        return "too small memory", "dim"
    return f"class needs {' or '.join(str(count) for count in known.chips)} chips" if known else "", "dim"


class NamesPage(Page):
    """What things are called, and how the server is reached."""

    first = "#input-name"
    asked = questions.NAMES

    def compose(self) -> ComposeResult:
        """Every name has a default; blank means the default shown."""
        yield Static("Names and network", classes="title", markup=False)
        yield from self.ask()

    def on_mount(self) -> None:
        """The first defaults."""
        self.fill(self.draft)

    def fill(self, draft: Draft) -> None:
        """The defaults follow project and library."""
        super().fill(draft)
        full = draft.resolved
        self.query_one("#input-name", Input).placeholder = full.name
        self.query_one("#input-bucket", Input).placeholder = full.bucket


class AdvancedPage(Page):
    """What is good as it stands: CPU nodes, version, network, images."""

    first = "#input-cpu_nodes"
    asked = questions.ADVANCED

    def compose(self) -> ComposeResult:
        """Everything that is rarely touched."""
        yield Static("Advanced: nodes, version, network, images", classes="title", markup=False)
        yield from self.ask()
