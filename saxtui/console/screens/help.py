"""`?`: every key, the screen in front first, then the others, then those that work everywhere."""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Iterable

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from saxtui.console.app import ConsoleApp
from saxtui.console.commands import GLOBAL, MODES, Command, key_name
from saxtui.console.styling import sheet

_KEYS, _TITLE = 11, 14  # cells of the two columns before the sentence
_AROUND = 12  # cells of margin, border, padding and scrollbar around the text
MOVING = (
    ("↑ ↓ ← →", "move", "Between hosts, rows, lines and choices, along long lines; k and j are up and down"),
    ("[ ]", "slice", "The same host of the slice before or after"),
    ("pgup pgdn", "page", "A screenful of rows or lines; ^u and ^d too"),
    ("home end", "ends", "The first or the last"),
    ("tab", "next part", "The next field, table or pane; shift+tab the one before"),
    ("click", "choose", "Hosts, rows and the footer's keys; twice opens"),
)
"""What the widgets themselves answer to: key, word, sentence."""


def screens() -> dict[str, tuple[Command, ...]]:
    """Every mode's own commands, by the screen's heading, in the order of the modes."""
    found: dict[str, tuple[Command, ...]] = {}
    for mode, _, _ in MODES:
        module = importlib.import_module(f"saxtui.console.screens.{mode}")
        kind = getattr(module, f"{mode.capitalize()}Screen")
        found[kind.HEADING] = kind.HERE
    return found


class HelpScreen(ModalScreen[None]):
    """Made from the commands themselves, so it cannot be wrong; MOVING is what the widgets add."""

    CSS_PATH = sheet("modals.tcss")
    BINDINGS = [Binding("escape,q,question_mark,f1", "dismiss", "close")]

    console = getters.app(ConsoleApp)

    def compose(self) -> ComposeResult:
        """One scroll with a section a screen."""
        front = self.console.front
        sections = screens()
        first = front.HEADING if front is not None else ""
        order = [first, *(name for name in sections if name != first)] if first in sections else list(sections)
        width = int(self.app.size.width * 0.94) - _AROUND
        blocks = [_section(f"{name} (this screen)" if name == first else name, of_commands(sections[name]), width)
                  for name in order if sections[name]]  # fmt: skip
        blocks[1:1] = [_section("Everywhere", of_commands(GLOBAL), width), _section("Moving", MOVING, width)]
        with Vertical(classes="dialog -large"):
            yield Static("Keys", classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-scroll"):
                yield Static(Content("\n\n").join(blocks))
            yield Static("arrows scroll · esc closes", classes="muted", markup=False)


def of_commands(commands: Iterable[Command]) -> list[tuple[str, str, str]]:
    """(keys, word, sentence) of each."""
    return [(" ".join(key_name(key) for key in c.keys) or "-", c.title, c.help) for c in commands]


def _section(name: str, rows: Iterable[tuple[str, str, str]], width: int) -> Content:
    lines = [Content.styled(name, "bold $accent")]
    for keys, title, sentence in rows:
        lead = f"{keys:<{_KEYS}}"
        named = Content.assemble((f"  {lead}", "bold"), f"{title:<{_TITLE}}")
        gap = " " * max(2 + _KEYS + _TITLE, named.cell_length)
        parts = textwrap.wrap(sentence, max(20, width - len(gap))) or [""]
        lines.append(named + Content.styled(parts[0], "$foreground 60%"))
        lines += [Content.styled(gap + part, "$foreground 60%") for part in parts[1:]]
    return Content("\n").join(lines)
