"""`?`: every key, the screen in front first, then the others, then those that work everywhere."""

from __future__ import annotations

import importlib
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


def screens() -> dict[str, tuple[Command, ...]]:
    """Every mode's own commands, by the screen's heading, in the order of the modes."""
    found: dict[str, tuple[Command, ...]] = {}
    for mode, _, _ in MODES:
        module = importlib.import_module(f"saxtui.console.screens.{mode}")
        kind = getattr(module, f"{mode.capitalize()}Screen")
        found[kind.HEADING] = kind.HERE
    return found


class HelpScreen(ModalScreen[None]):
    """Made from the commands themselves, so it cannot be wrong."""

    CSS_PATH = sheet("modals.tcss")
    BINDINGS = [Binding("escape,q,question_mark,f1", "dismiss", "close")]

    console = getters.app(ConsoleApp)

    def compose(self) -> ComposeResult:
        """One scroll with a section a screen."""
        front = self.console.front
        sections = screens()
        first = front.HEADING if front is not None else ""
        order = [first, *(name for name in sections if name != first)] if first in sections else list(sections)
        blocks = [_section(name, sections[name], here=name == first) for name in order if sections[name]]
        blocks.insert(1, _section("Everywhere", GLOBAL, here=False))
        with Vertical(classes="dialog -large"):
            yield Static("Keys", classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-scroll"):
                yield Static(Content("\n\n").join(blocks))
            yield Static("arrows scroll · esc closes", classes="muted", markup=False)


def _section(name: str, commands: Iterable[Command], *, here: bool) -> Content:
    lines = [Content.styled(name + (" (this screen)" if here else ""), "bold $accent")]
    for command in commands:
        keys = " ".join(key_name(key) for key in command.keys) or "-"
        named = Content.assemble((f"  {keys:<12}", "bold"), f"{command.title:<16}")
        lines.append(named + Content.styled(command.help, "$foreground 60%"))
    return Content("\n").join(lines)
