"""What can be done, said once: a Command feeds the bindings, the footer, `?`, the palette and the `:` prompt.

A screen lists its own in `HERE`; GLOBAL holds those that work everywhere. Commands know no widget: `run` gets the
screen in front and calls one of its methods, so a key, the palette and `:` cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from textual.binding import Binding, BindingType

KEY_NAMES = {
    "question_mark": "?", "colon": ":", "slash": "/", "escape": "esc", "enter": "enter", "space": "space",
    "left": "←", "right": "→", "up": "↑", "down": "↓", "pageup": "pgup", "pagedown": "pgdn", "minus": "-", "plus": "+",
    "equals_sign": "=",
    "left_square_bracket": "[", "right_square_bracket": "]", "full_stop": ".", "comma": ",", "ampersand": "&",
}  # fmt: skip


def _always(_screen: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the operator can do.

    `id` is "<context>.<name>"; `keys` are Textual key names, the first one is shown; `title` is the footer's word or
    two, `help` one sentence. `run` gets the screen; a coroutine it returns becomes a worker of that screen. `when`
    gets the screen and says why the command cannot be run now ("" = it can): the footer dims it, pressing tells.
    """

    id: str
    keys: tuple[str, ...]
    title: str
    help: str
    run: Callable[[Any], object]
    when: Callable[[Any], str] = _always
    footer: bool = True

    @property
    def name(self) -> str:
        """What is typed after `:`."""
        return self.id.rpartition(".")[2]

    @property
    def key(self) -> str:
        """The first key as a person writes it: `?`, `^p`, `esc`, `n`."""
        return key_name(self.keys[0]) if self.keys else ""


def key_name(key: str) -> str:
    """A Textual key name as it is written for people."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+")
    return KEY_NAMES.get(key, key)


def bindings(commands: Iterable[Command]) -> list[BindingType]:
    """Textual bindings for the commands; each calls the screen's `action_command`."""
    return [
        Binding(",".join(c.keys), f"command('{c.id}')", c.title, id=c.id, tooltip=c.help, show=c.footer)
        for c in commands
        if c.keys
    ]


def find(commands: Iterable[Command], typed: str) -> Command | None:
    """The command a `:` line means: its id, its name, or a beginning that only one of them has."""
    word = typed.strip().lower()
    known = list(commands)
    exact = [c for c in known if word in (c.id, c.name)]
    if exact:
        return exact[0]
    begins = [c for c in known if word and c.name.startswith(word)]
    return begins[0] if len(begins) == 1 else None


MODES: tuple[tuple[str, str, str], ...] = (
    ("home", "1", "Every deployment, what it costs and what is in doubt"),
    ("setup", "2", "Set up a new deployment"),
    ("provision", "3", "The plan as a timeline, and what was sent"),
    ("slices", "4", "Every host of every slice, with logs"),
    ("models", "5", "What is published, and what proves it loaded"),
    ("chat", "6", "Talk to the model"),
    ("bench", "7", "How long answers take under load"),
)
NEEDS_SESSION = frozenset({"provision", "slices", "models", "chat", "bench"})


def _go(mode: str) -> Callable[[Any], object]:
    return lambda screen: screen.app.go(mode)


def _dialog(name: str) -> Callable[[Any], object]:
    def show(screen: Any) -> object:
        from saxtui.console import dialogs

        return getattr(dialogs, name)(screen.app)

    return show


def _reachable(mode: str) -> Callable[[Any], str]:
    def reason(screen: Any) -> str:
        if mode == "chat" and screen.console.sessions.chat_url:
            return ""
        return "open a deployment on Home first" if mode in NEEDS_SESSION and screen.session is None else ""

    return reason


GLOBAL: tuple[Command, ...] = (
    Command("app.help", ("question_mark", "f1"), "help", "All keys, screen by screen", _dialog("show_help")),
    Command("app.palette", ("ctrl+p",), "palette", "Find a command by words", lambda s: s.app.action_command_palette()),
    Command("app.go", ("colon",), "go", "Type the name of a screen or a command", _dialog("ask_where")),
    *(
        Command(f"app.{mode}", (key,), mode, text, _go(mode), _reachable(mode), footer=False)
        for mode, key, text in MODES
    ),
    Command("app.filter", ("slash",), "filter", "Show only what matches", lambda s: s.open_filter(),
            lambda s: "" if s.FILTERS else "nothing to filter on this screen", footer=False),
    Command("app.back", ("escape",), "back", "One step back", lambda s: s.go_back(), footer=False),
    Command("app.messages", ("ctrl+l",), "messages", "Everything that went wrong so far",
            _dialog("show_messages"), footer=False),
    Command("app.quit", ("ctrl+q", "ctrl+c"), "quit", "Leave saxtui; asks first when something bills",
            lambda s: s.app.action_quit(), footer=False),
)  # fmt: skip
