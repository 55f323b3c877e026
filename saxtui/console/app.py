"""The console: modes, theme, bridge and the way out. Work is in sessions.py, looks in the screens.

Nothing that talks to Google or Kubernetes is imported before the first frame: the engine is opened in a thread after
it, and every screen but Home is imported when it is first shown.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from textual.app import App, ScreenStackError, SystemCommand
from textual.binding import Binding
from textual.events import Event, InputEvent
from textual.screen import Screen
from textual.worker import WorkerFailed

from saxtui.console.bridge import Bridge
from saxtui.console.dialogs import late_modes
from saxtui.console.driver import TolerantDriver
from saxtui.console.sessions import Sessions
from saxtui.console.styling import THEME, Glyphs, sheet, wants_ascii
from saxtui.console.tidying import Tidying
from saxtui.present.opening import OPEN, URL

if TYPE_CHECKING:
    from saxtui.console.screens.base import ConsoleScreen
    from saxtui.engine.runtime import Runtime
    from saxtui.errors import Problem

_KEPT_SYSTEM_COMMANDS = {"Theme", "Screenshot"}


class ConsoleApp(App[int]):
    """One console. `environ` is what the launcher found; `open_runtime` lets tests bring their own engine."""

    TITLE = "saxtui"
    CSS_PATH = sheet("base.tcss")
    MODES = late_modes()
    DEFAULT_MODE = "home"
    BINDINGS = [Binding("ctrl+q,ctrl+c", "quit", "quit", id="app.quit", show=False, priority=True)]

    def __init__(
        self, environ: Mapping[str, str], open_runtime: Callable[[Mapping[str, str]], Runtime] | None = None
    ) -> None:
        if environ.get(URL) or environ.get(OPEN):
            self.DEFAULT_MODE = "chat"  # type: ignore[misc]  # this console begins there
        super().__init__(driver_class=_driver(environ))
        self.bridge = Bridge(self._frame, self._tick)
        self._tidying = Tidying()
        self.glyphs = Glyphs.for_environ(environ)
        self.sessions = Sessions(environ, self.bridge.poke, open_runtime)
        self._trail: list[str] = []
        self.parting = ""
        self.crashed: BaseException | None = None
        self.register_theme(THEME)
        self.theme = environ.get("TEXTUAL_THEME") or THEME.name

    @property
    def front(self) -> ConsoleScreen | None:
        """The console screen in front, looking through modals."""
        from saxtui.console.screens.base import ConsoleScreen

        try:
            stack = self.screen_stack
        except ScreenStackError:
            return None
        return next((s for s in reversed(stack) if isinstance(s, ConsoleScreen)), None)

    def on_mount(self) -> None:
        """Start the bridge, and the engine once the first frame is out."""
        # Thousands of pods are judged in a thread: a key must not wait five milliseconds for each turn.
        sys.setswitchinterval(0.001)
        self._tidying.begin()
        self._bridging = asyncio.create_task(self.bridge.run(), name="bridge")
        self.call_after_refresh(self._start)
        self.app_resume_signal.subscribe(self, lambda app: app.refresh(layout=True))  # the shell drew over it meanwhile
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT):
            loop.add_signal_handler(number, lambda: self.run_worker(self.leave(), group="leave"))

    def on_unmount(self) -> None:
        """No frames after the end."""
        self._bridging.cancel()
        self._tidying.end()

    async def on_event(self, event: Event) -> None:
        """Every event of the terminal comes here first."""
        if isinstance(event, InputEvent):
            self._tidying.touched()
        await super().on_event(event)

    def _start(self) -> None:
        self.run_worker(self.sessions.start(), group="start", description="open saxtui's state")

    def _frame(self) -> None:
        self._tidying.consider()
        front = self.front
        if front is not None and front.is_mounted:
            front.call_later(front.deliver)

    def _tick(self) -> float | None:
        """Seconds until the picture ages by itself; None while nothing does."""
        if self.sessions.running:
            return 1.0
        return 5.0 if self.sessions.ages else None

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every command of the screen in front, then Textual's themes and screenshot."""
        front = self.front
        if front is not None:
            for command in front.commands:
                yield SystemCommand(
                    f"{command.title} ({command.id})", command.help, lambda c=command: front.run_command(c)
                )
        yield from (c for c in super().get_system_commands(screen) if c.title in _KEPT_SYSTEM_COMMANDS)

    def go(self, mode: str, after: tuple[str, ...] | None = None) -> None:
        """Show a mode; esc comes back to this one, or along `after` when it is given."""
        if mode != self.current_mode:
            self._trail = [*self._trail, self.current_mode] if after is None else list(after)
            self.switch_mode(mode)

    def back(self) -> None:
        """Show the mode that was in front before, Home at the end."""
        mode = self._trail.pop() if self._trail else "home"
        if mode != self.current_mode:
            self.switch_mode(mode)

    def tell(self, text: str, severity: Literal["information", "warning", "error"] = "information") -> None:
        """A toast for the result of the operator's own act."""
        self.notify(text, severity=severity, markup=False)

    def show_problem(self, problem: Problem) -> None:
        """Open a problem, and keep it in the message log."""
        from saxtui.console.modals.problem import ProblemModal

        self.sessions.note(problem)
        self.push_screen(ProblemModal(problem))

    def show_failure(self, error: BaseException, tried: str) -> None:
        """Open whatever a worker raised as a problem."""
        from saxtui.console.sessions import problem_of

        self.show_problem(problem_of(error, tried))

    async def action_quit(self) -> None:
        """Leave; asks first when something runs or bills. Asked again, leaves."""
        self.run_worker(self._ask_and_leave(), group="leave", description="leave")

    async def _ask_and_leave(self) -> None:
        from saxtui.console.modals.leaving import ask_to_leave

        if await ask_to_leave(self):
            await self.leave()

    async def leave(self) -> None:
        """Pause what runs, close everything, give the terminal back."""
        code = self.sessions.exit_code()
        self.parting = self._parting()
        if self.sessions.running:
            self.tell("stopping what runs, then leaving")
        await self.sessions.close()
        self.exit(int(code), return_code=int(code))

    def _parting(self) -> str:
        from saxtui.console.parting import line

        running = [(live.run_kind, live.name) for live in self.sessions.running]
        return line(running, [(name, cost.rate_text) for name, cost in self.sessions.billing()])

    def _handle_exception(self, error: Exception) -> None:
        if self.crashed is None:
            self.crashed = error.error if isinstance(error, WorkerFailed) else error
            self.parting = self._parting()
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """A fault of saxtui itself. Textual would print every local variable, and with them tokens."""
        self._close_messages_no_wait()


def _driver(environ: Mapping[str, str]) -> type[TolerantDriver]:
    if not wants_ascii(environ):
        return TolerantDriver
    from saxtui.console.plain_driver import PlainDriver

    return PlainDriver


def run(environ: Mapping[str, str]) -> int:
    """Run the console until it is left. Returns the exit code of errors.ExitCode."""
    from saxtui.console.parting import say

    app = ConsoleApp(environ)
    app.run()
    return say(app.return_code or 0, app.parting, app.crashed, environ)
