"""The wizard's last page: the plan, and the word that starts it."""

from __future__ import annotations

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from saxtui.console.setup import questions
from saxtui.console.setup.meaning import Meaning
from saxtui.console.setup.pages import Page
from saxtui.console.widgets.field import Choice
from saxtui.console.widgets.rows import Cell, Column, Row, Rows
from saxtui.model.plan import Plan
from saxtui.present import plan as plan_words


class ReviewPage(Page):
    """What would be made, in order or as a graph, and the field for consent."""

    first = "#input-typed"
    rows = getters.query_one("#plan", Rows)
    said = getters.query_one("#plan-said", Static)
    typed = getters.query_one("#input-typed", Input)
    _COLUMNS = (
        Column("", width=1), Column("what", most=18), Column("", width=1), Column("name", grow=True, least=24, most=40),
        Column("after", most=20, drop=1), Column("usual", right=True, drop=2), Column("", right=True, drop=3),
    )  # fmt: skip

    def compose(self) -> ComposeResult:
        """Counts and times, the field, then the plan."""
        yield Static("Review", classes="title", markup=False)
        yield Static("", id="plan-said", markup=False)
        yield Static("", id="typed-label", markup=False)
        yield Input(id="input-typed", compact=True)
        view = questions.VIEW
        yield Choice(view.name, view.label, view.options, view.options[0])
        yield Rows(self._COLUMNS, id="plan", cursor=False)
        with VerticalScroll(id="graph"):
            yield Static(id="drawn", markup=False)

    def on_mount(self) -> None:
        """The list first."""
        self._view(questions.VIEW.options[0])

    def ask_for(self, project: str) -> None:
        """Which word starts it; what stood here before is gone."""
        self.query_one("#typed-label", Static).update(f"Type the project id {project} to start:")
        self.typed.value = ""
        self.rows.put([])
        self.query_one("#drawn", Static).update("")

    def refuse(self, said: str, *, bad: bool = True) -> None:
        """Why there is no plan."""
        self.said.update(Content.styled(said, "$text-error" if bad else ""))

    def show(self, plan: Plan) -> None:
        """The plan as a list with its edges and its critical path, and as a graph."""
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
        self.query_one("#drawn", Static).update("\n".join(plan_words.graph(plan)))

    @on(Choice.Changed, "#choice-view")
    def _switched(self, event: Choice.Changed) -> None:
        event.stop()
        self._view(event.value)

    def _view(self, shown: str) -> None:
        self.rows.display = shown == "list"
        self.query_one("#graph").display = shown == "graph"


def consequences(plan: Plan) -> list[Meaning]:
    """What saying yes leads to, money first, risks marked."""
    first, *others = plan.consequences
    lines = [Meaning("", f"· {first}", "warn")]
    lines += [Meaning("", f"· {text}", "bad" if text in plan.risks else "") for text in others]
    return [Meaning("", "Consequences first", "strong"), *lines]
