"""The base of every screen of the console.

How to write a screen on it:

    class SlicesScreen(ConsoleScreen):
        CSS_PATH = sheet("slices.tcss")          # styling.sheet(); base.tcss is loaded for every screen
        HEADING = "Slices"                       # used by `?` help
        FILTERS = True                           # `/` calls open_filter()
        HERE = (                                 # this screen's commands: bindings, footer, `?`, ^p and `:` at once
            Command("slices.logs", ("l",), "logs", "Follow the selected host's log", lambda s: s.show_logs(),
                    lambda s: "" if s.selected else "no host selected"),
        )

        def compose_body(self) -> ComposeResult: # between header and footer; do not override compose()
        def on_session(self, live): ...          # another deployment became current (or None): forget the old one
        def on_state(self, state, previous): ... # the store changed; compare parts by identity with `previous`
        def on_frame(self, now): ...             # after every delivery, and each tick while something ages

- `on_state` comes at most 15 times a second, only while the screen is in front (a modal above it does not count), and
  once on return if anything changed meanwhile. `previous` is None the first time and after a change of session.
- `self.session` is the current engine Session or None; `self.live` its console.sessions.Live (run, watch, read_only);
  `self.store` its Store or None; `self.console` is the ConsoleApp: `console.sessions`, `console.glyphs`,
  `console.go("models")`, `console.show_problem(problem)`.
- A command whose `run` returns a coroutine runs as a worker of the screen, so it may wait for modals
  (`await self.console.push_screen_wait(...)`) and for the session. Exceptions become a problem dialog by themselves.
- Widths: the screen has class `-narrow` under 100 columns and `-wide` from there; `-short` under 32 rows, else `-tall`.
- Text goes to widgets as Content, Text or with markup=False. Styles for roles: styling.ROLE_STYLE (theme tokens).
- When the deployment's cluster should be live call `console.sessions.watch(live)` in on_session; twice is fine.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from saxtui.console.app import ConsoleApp
from saxtui.console.commands import GLOBAL, Command, bindings
from saxtui.console.widgets.key_footer import KeyFooter
from saxtui.console.widgets.status_header import StatusHeader

if TYPE_CHECKING:
    from saxtui.console.sessions import Live
    from saxtui.engine.session import Session
    from saxtui.engine.store import State, Store


class ConsoleScreen(Screen[None]):
    """Header, body, footer; commands; and the store's changes delivered while in front."""

    HERE: ClassVar[tuple[Command, ...]] = ()
    HEADING: ClassVar[str] = ""
    FILTERS: ClassVar[bool] = False
    BINDINGS = bindings(GLOBAL)
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]

    console = getters.app(ConsoleApp)
    _header = getters.query_one(StatusHeader)
    _footer = getters.query_one(KeyFooter)

    def __init_subclass__(
        cls, inherit_css: bool = True, inherit_bindings: bool = True, inherit_component_classes: bool = True
    ) -> None:
        cls.BINDINGS = bindings(cls.HERE)
        super().__init_subclass__(inherit_css, inherit_bindings, inherit_component_classes)

    def __init__(self) -> None:
        super().__init__()
        self._shown_live: Live | None = None
        self._shown_state: State | None = None

    def compose(self) -> ComposeResult:
        """Header and footer around the screen's own body."""
        yield StatusHeader(plain=self.console.glyphs.ascii_only)
        yield from self.compose_body()
        yield KeyFooter()

    def compose_body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield from ()

    @property
    def live(self) -> Live | None:
        """The current deployment as the console holds it."""
        return self.console.sessions.current

    @property
    def session(self) -> Session | None:
        """The current deployment's engine session."""
        return self.live.session if self.live else None

    @property
    def store(self) -> Store | None:
        """The current deployment's store."""
        return self.live.store if self.live else None

    @property
    def commands(self) -> tuple[Command, ...]:
        """Everything that can be asked for here, own commands first."""
        return (*self.HERE, *GLOBAL)

    def on_session(self, live: Live | None) -> None:
        """Another deployment became the current one."""

    def on_state(self, state: State, previous: State | None) -> None:
        """The store changed while this screen is in front."""

    def on_frame(self, now: float) -> None:
        """A frame was delivered at `now` (epoch seconds on the product's clock)."""

    def why_about(self) -> tuple[int, str]:
        """What `w` asks about: a slice and a pod, or (-1, "") for everything."""
        return -1, ""

    def open_filter(self) -> None:
        """Start filtering; screens with FILTERS override it."""

    def go_back(self) -> None:
        """One step back; screens with something to close first override it."""
        self.console.back()

    def deliver(self) -> None:
        """Bring the screen up to the store. Called by the app's bridge, and on return to the screen."""
        live = self.live
        if live is not self._shown_live:
            self._shown_live, self._shown_state = live, None
            self.on_session(live)
        if live is not None and live.state is not self._shown_state:
            previous, self._shown_state = self._shown_state, live.state
            self.on_state(live.state, previous)
        self.on_frame(self.console.sessions.now())
        self._header.show(self.console.sessions)
        self._footer.show(self.commands, self)

    def on_mount(self) -> None:
        """Paint once as soon as the widgets are there."""
        self.deliver()

    def on_screen_suspend(self) -> None:
        """No cursor blinks under a dialog: each time, all that is seen would be painted anew."""
        self._blink(False)

    def _blink(self, on: bool) -> None:
        editor: Any = self.focused
        if hasattr(editor, "cursor_blink"):
            editor.cursor_blink = on

    def on_screen_resume(self) -> None:
        """Catch up with what changed while another screen was in front."""
        self._blink(True)
        if self.is_mounted and self.query(StatusHeader):
            self.deliver()

    def action_command(self, command_id: str) -> None:
        """Run a command by id, or say why it cannot be run now."""
        for command in self.commands:
            if command.id == command_id:
                self.run_command(command)
                return

    def run_command(self, command: Command) -> None:
        """Run it, or say why not; the footer, the palette and `:` come here too."""
        reason = command.when(self)
        if reason:
            self.console.tell(f"{command.title}: {reason}")
            return
        outcome = command.run(self)
        if inspect.iscoroutine(outcome):
            self.run_worker(outcome, name=command.id, group=command.id, description=command.help, exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker of this screen failed: the one place where that becomes a dialog."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.console.show_failure(event.worker.error, event.worker.description or event.worker.name)
