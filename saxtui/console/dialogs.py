"""What is imported only when it is first shown: the screens of the modes, and the dialogs every screen can open."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from saxtui.console.commands import MODES

if TYPE_CHECKING:
    from saxtui.console.app import ConsoleApp


def late_modes() -> dict[str, str | Callable[[], Screen[Any]]]:
    """For App.MODES: each makes screens/MODE.py's screen when the mode is first shown."""
    return {mode: _late(mode) for mode, _, _ in MODES}


def _late(mode: str) -> Callable[[], Screen[None]]:
    def make() -> Screen[None]:
        module = importlib.import_module(f"saxtui.console.screens.{mode}")
        screen: Screen[None] = getattr(module, f"{mode.capitalize()}Screen")()
        return screen

    return make


def show_help(console: ConsoleApp) -> None:
    """All keys, screen by screen."""
    from saxtui.console.screens.help import HelpScreen

    console.push_screen(HelpScreen())


def show_messages(console: ConsoleApp) -> None:
    """Everything that went wrong so far."""
    from saxtui.console.modals.messages import MessagesModal

    console.push_screen(MessagesModal(tuple(console.sessions.messages)))


def ask_where(console: ConsoleApp) -> None:
    """The `:` prompt."""
    from saxtui.console.modals.go import GoModal

    console.push_screen(GoModal())
