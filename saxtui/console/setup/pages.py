"""The wizard's pages as widgets: what is asked, and the tables to choose from. They know the draft, not the world."""

from __future__ import annotations

from collections.abc import Sequence

from textual import getters
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from saxtui.catalog import sax_models, tpus
from saxtui.console.app import ConsoleApp
from saxtui.console.setup.draft import CAPACITIES, Draft, zones_for
from saxtui.console.widgets.field import Choice, Field
from saxtui.console.widgets.rows import Cell, Column, Row, Rows
from saxtui.model import sizing
from saxtui.model.plan import Plan
from saxtui.present import plan as plan_words


class Page(VerticalScroll, can_focus=False):
    """One page. `first` is what gets the focus; `fill` puts the draft's answers in."""

    first = ""
    console = getters.app(ConsoleApp)

    def __init__(self, draft: Draft, number: int) -> None:
        super().__init__(id=f"page-{number}", classes="page")
        self.draft = draft

    def fill(self, draft: Draft) -> None:
        """Show a draft whose answers changed otherwise than by typing."""
        self.draft = draft
        for field in self.query(Input):
            if field.name and field.value != draft.answer(field.name):
                field.value = draft.answer(field.name)

    @property
    def marker(self) -> str:
        """The cursor's mark."""
        return self.console.glyphs.pick("❯", ">")


class ProjectPage(Page):
    """Which project pays."""

    first = "#input-project"
    rows = getters.query_one("#projects", Rows)

    def compose(self) -> ComposeResult:
        """The id, and the projects these credentials can see."""
        yield Static("Which Google Cloud project?", classes="title", markup=False)
        yield Field("project", "Project id", self.draft.project, placeholder="my-project")
        yield Static("asking which projects can be seen ...", id="projects-said", classes="muted", markup=False)
        yield Rows((Column("projects you can see", grow=True),), id="projects", marker=self.marker)

    def show(self, ids: Sequence[str], said: str = "") -> None:
        """The projects, or why they are not known."""
        self.query_one("#projects-said", Static).update(said)
        self.rows.put([Row(project, (Cell(project),)) for project in ids])
        self.rows.choose(self.draft.project)


class ModelPage(Page):
    """Which model class, under which id, from which checkpoint."""

    first = "#classes"
    rows = getters.query_one("#classes", Rows)
    _COLUMNS = (
        Column("class", grow=True, least=16), Column("billion", right=True), Column("weights", right=True),
        Column("chips", right=True, most=12), Column("kind", drop=1),
    )  # fmt: skip

    def compose(self) -> ComposeResult:
        """The catalogue, then the two names."""
        yield Static("Which model?", classes="title", markup=False)
        yield Rows(self._COLUMNS, id="classes", marker=self.marker)
        yield Field("model_path", "Class path", self.draft.model_path)
        yield Field("model_id", "Published as", self.draft.model_id)
        yield Field("checkpoint", "Checkpoint", self.draft.checkpoint, placeholder="None = random weights")

    def on_mount(self) -> None:
        """The classes the default images have."""
        known = [model for model in sax_models.all_models() if model.in_release(sax_models.TUTORIAL_RELEASE)]
        self.rows.put([_class_row(model) for model in known])
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
    ))  # fmt: skip


class SlicePage(Page):
    """Which topology, how many slices, where."""

    first = "#shapes"
    rows = getters.query_one("#shapes", Rows)
    _COLUMNS = (
        Column("topology"), Column("chips", right=True), Column("hosts", right=True), Column("HBM", right=True),
        Column("", grow=True, least=8),
    )  # fmt: skip

    def compose(self) -> ComposeResult:
        """Generation, topology, count, zone."""
        yield Static("Which slices?", classes="title", markup=False)
        yield Choice("generation", "TPU", tpus.generations(), self.draft.generation)
        yield Rows(self._COLUMNS, id="shapes", marker=self.marker)
        yield Field("count", "Slices", self.draft.count)
        yield Choice("capacity", "Capacity", CAPACITIES, self.draft.capacity)
        yield Field("zone", "Zone", self.draft.zone, known=zones_for(self.draft.generation))

    def on_mount(self) -> None:
        """The first table."""
        self.fill(self.draft)

    def fill(self, draft: Draft) -> None:
        """Marks follow the model and the generation."""
        super().fill(draft)
        self.query_one("#choice-generation", Choice).put(draft.generation)
        self.query_one("#choice-capacity", Choice).put(draft.capacity)
        known = sax_models.find(draft.model_path)
        self.rows.put([_shape_row(shape, known) for shape in tpus.topologies(draft.generation)])
        self.rows.choose(draft.topology)


def _shape_row(shape: tpus.SliceShape, model: sax_models.SaxModel | None) -> Row:
    mark, role = _mark(shape, model)
    plain = "" if role == "ok" else "dim"
    return Row(shape.topology, (
        Cell(shape.topology, "strong" if role == "ok" else "dim"), Cell(str(shape.chips), plain),
        Cell(str(shape.hosts), plain), Cell(f"{shape.hbm_gb} GB", plain), Cell(mark, role),
    ))  # fmt: skip


def _mark(shape: tpus.SliceShape, model: sax_models.SaxModel | None) -> tuple[str, str]:
    if model is None:
        return "not known", "warn"
    if not sizing.fit(model, shape):
        return "fits", "ok"
    if model.weights_gb is not None and model.weights_gb > shape.hbm_gb:
        return "too small memory", "dim"
    return f"class needs {' or '.join(str(count) for count in model.chips)} chips", "dim"


class NamesPage(Page):
    """What things are called, and how the server is reached."""

    first = "#input-name"

    def compose(self) -> ComposeResult:
        """Every name has a default; blank means the default shown."""
        full, draft = self.draft.resolved, self.draft
        yield Static("Names and network", classes="title", markup=False)
        yield Field("name", "Deployment", draft.name, placeholder=full.name)
        yield Field("cluster", "Cluster", draft.cluster)
        yield Field("bucket", "Bucket", draft.bucket, placeholder=full.bucket)
        yield Field("service_account", "Service account", draft.service_account)
        yield Field("namespace", "Namespace", draft.namespace)
        yield Choice("exposure", "Server reached", ("private", "internal", "external"), draft.exposure)
        yield Field("source_ranges", "Allowed sources", draft.source_ranges, placeholder="CIDR blocks, external only")
        yield Choice("role_scope", "Storage role on", ("bucket", "project"), draft.role_scope)

    def fill(self, draft: Draft) -> None:
        """The defaults follow project and library."""
        super().fill(draft)
        full = draft.resolved
        self.query_one("#input-name", Input).placeholder = full.name
        self.query_one("#input-bucket", Input).placeholder = full.bucket


class ReviewPage(Page):
    """The plan, and the word that starts it."""

    first = "#input-typed"
    rows = getters.query_one("#plan", Rows)
    said = getters.query_one("#plan-said", Static)
    _COLUMNS = (
        Column("", width=1), Column("what", most=18), Column("", width=1), Column("name", grow=True, least=24, most=40),
        Column("after", most=20, drop=1), Column("usual", right=True, drop=2), Column("", right=True, drop=3),
    )  # fmt: skip

    def compose(self) -> ComposeResult:
        """What would be made, in order, and the field."""
        yield Static("Review", classes="title", markup=False)
        yield Static("", id="plan-said", markup=False)
        yield Static("", id="typed-label", markup=False)
        yield Input(id="input-typed", compact=True)
        yield Rows(self._COLUMNS, id="plan", cursor=False)

    def ask(self, project: str) -> None:
        """Which word starts it."""
        self.query_one("#typed-label", Static).update(f"Type the project id {project} to start:")
        self.query_one("#input-typed", Input).value = ""

    def show(self, plan: Plan) -> None:
        """The plan as a list with its edges and its critical path."""
        self.said.update(f"{plan_words.counts(plan)}\n{plan_words.times(plan)}")
        glyphs = self.console.glyphs
        titles = {step.id: step.title for step in plan.steps}
        self.rows.put([
            Row(row.id, (
                Cell(glyphs.sign(row.sign), row.sign.role), Cell(row.title),
                Cell(glyphs.pick("═", "=") if row.critical else "", "accent"), Cell(row.resource, "dim"),
                Cell(", ".join(titles.get(need, need) for need in row.needs), "dim"), Cell(row.usual, "dim"),
                Cell(row.price, "warn"),
            ))
            for row in plan_words.rows(plan)
        ])  # fmt: skip
