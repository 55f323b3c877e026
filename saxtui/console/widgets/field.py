"""One question of a form on one line: a label with an input, or with a few choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events, getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Static


class Field(Horizontal):
    """A label and a one-line input. `name` is the question's name; the input's messages bubble up."""

    input = getters.query_one(Input)

    def __init__(
        self, name: str, label: str, value: str = "", *, placeholder: str = "", known: Sequence[str] = ()
    ) -> None:
        super().__init__(id=f"field-{name}", classes="field")
        self._question = name
        self._label = label
        self._value = value
        self._placeholder = placeholder
        self._known = tuple(known)

    def compose(self) -> ComposeResult:
        """Label and input."""
        suggester = SuggestFromList(self._known, case_sensitive=False) if self._known else None
        yield Static(self._label, classes="field-label", markup=False)
        yield Input(
            self._value, placeholder=self._placeholder, id=f"input-{self._question}", name=self._question,
            suggester=suggester, compact=True, select_on_focus=False,
        )  # fmt: skip


class Choice(Widget, can_focus=True):
    """A label and a few options on one line; ← and → choose, a click too."""

    BINDINGS = [
        Binding("left,h", "step(-1)", show=False),
        Binding("right,l,space", "step(1)", show=False),
    ]

    @dataclass
    class Changed(Message):
        """Another option was chosen."""

        choice: Choice
        name: str
        value: str

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(self, name: str, label: str, options: Sequence[str], value: str) -> None:
        super().__init__(id=f"choice-{name}", classes="field")
        self._question = name
        self._label = label
        self._options = tuple(options)
        self.value = value

    @property
    def question(self) -> str:
        """The question's name."""
        return self._question

    def put(self, value: str) -> None:
        """Show that option as chosen, without a message."""
        self.value = value
        self.refresh()

    def render(self) -> Content:
        """The options, the chosen one in brackets: colour only helps."""
        parts: list[Content] = [Content.styled(f"{self._label:<16}", "$foreground 60%")]
        for option in self._options:
            if option == self.value:
                parts.append(Content.styled(f"[{option}]", "bold $accent" + (" reverse" if self.has_focus else "")))
            else:
                parts.append(Content(f" {option} "))
        return Content("").join(parts)

    def action_step(self, step: int) -> None:
        """The next or the previous option, round the end."""
        at = self._options.index(self.value) if self.value in self._options else 0
        self._choose(self._options[(at + step) % len(self._options)])

    def on_click(self, event: events.Click) -> None:
        """A click on an option chooses it."""
        column = 16
        for option in self._options:
            if column <= event.x < column + len(option) + 2:
                self._choose(option)
            column += len(option) + 2

    def _choose(self, value: str) -> None:
        if value != self.value:
            self.put(value)
            self.post_message(self.Changed(self, self._question, value))
