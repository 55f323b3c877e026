"""The whole road through the console, by keys alone, on an embedded cloud. The story and the pictures both walk it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from textual.pilot import Pilot
from textual.screen import Screen

from saxtui.console.app import ConsoleApp
from saxtui.console.modals.confirm import ConfirmModal
from saxtui.console.modals.publish import PublishModal
from saxtui.console.screens.chat import ChatScreen
from saxtui.console.screens.help import HelpScreen
from saxtui.console.screens.home import HomeScreen
from saxtui.console.screens.models import ModelsScreen
from saxtui.console.screens.provision import ProvisionScreen
from saxtui.console.screens.setup import SetupScreen
from saxtui.console.screens.slices import SlicesScreen
from saxtui.console.widgets.prompt_box import PromptBox
from saxtui.engine.store import State
from saxtui.model.conversation import TurnState
from saxtui.model.progress import StepState
from saxtui.model.serving import ModelStatus, Rung
from tests.console.screens import shown, until

PROJECT = "demo-project"
NAME = "spmd-175b"
MODEL = "/sax/test/spmd"
PROMPT = "How many days are in a week?"
HOSTS = 16
_LIMIT = 30.0  # real seconds that any one wait may take; a whole run takes about three at 600 times life

Snap = Callable[[str], None]
S = TypeVar("S", bound=Screen[Any])


def _no_picture(_name: str) -> None:
    """The story only looks."""


class Road:
    """An operator at the console. Each leg begins where the one before ended; `snap` is told what is on the screen."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[Any], snap: Snap = _no_picture) -> None:
        self.app = app
        self.pilot = pilot
        self.snap = snap
        self.pressed = 0
        self.keys_to_sign = 0

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for the condition; fails with what the screen shows."""
        await until(self.pilot, condition, _LIMIT)

    async def sees(self, *texts: str) -> None:
        """Wait until all of these are on the screen."""
        await self.until(lambda: all(text in shown(self.app) for text in texts))

    async def keys(self, *keys: str) -> None:
        """Press keys, one after the other."""
        self.pressed += len(keys)
        await self.pilot.press(*keys)

    async def write(self, text: str) -> None:
        """Type into whatever has the focus."""
        self.pressed += len(text)
        await self.pilot.press(*text)

    async def arrive(self, kind: type[S]) -> S:
        """Wait until such a screen is in front."""
        await self.until(lambda: isinstance(self.app.screen, kind) and self.app.screen.is_mounted)
        screen: Screen[Any] = self.app.screen
        assert isinstance(screen, kind)
        return screen

    @property
    def state(self) -> State:
        """Everything the engine has told of the current deployment."""
        assert self.app.sessions.current is not None, f"no deployment is open:\n{shown(self.app)}"
        return self.app.sessions.current.state

    async def walk(self) -> None:
        """All of it, in order."""
        await self.begin()
        await self.set_up()
        await self.provision()
        await self.slices()
        await self.publish()
        await self.load_in_the_log()
        await self.chat()
        await self.help()
        await self.take_down()
        await self.leave()

    async def begin(self) -> None:
        """Home, with nothing on it yet."""
        await self.sees("No deployment yet")
        self.snap("home-empty")

    async def set_up(self) -> None:
        """Home → Setup, page by page with the defaults → Review, where typing the project's id starts it."""
        await self.keys("n")
        setup = await self.arrive(SetupScreen)
        await self.until(lambda: setup.draft.project == PROJECT)
        for number, name in enumerate(("project", "model", "slice", "names", "advanced")):
            await self._turned(setup, number)
            await self._checked(setup)
            self.snap(f"setup-{name}")
            await self.keys("enter")
        await self.sees("to create", PROJECT)
        await self.write(PROJECT)
        await self._checked(setup)
        self.snap("review")
        await self.keys("enter")
        self.keys_to_sign = self.pressed
        await self.arrive(ProvisionScreen)

    async def _turned(self, setup: SetupScreen, page: int) -> None:
        """That page is shown, and every answer on it is good."""
        await self.until(lambda: setup.page == page and not setup.page_problem())

    async def _checked(self, setup: SetupScreen) -> None:
        """The project has answered, and has nothing against it."""
        await self.until(lambda: any("are fine" in line.text for line in setup.answered.lines))

    async def provision(self) -> None:
        """Watch the run to its end."""
        await self.until(lambda: self.state.progress.step("jobset-controller").state is StepState.DONE)
        self.snap("provision")
        await self.until(lambda: self._ended("up") == "done")
        await self.sees("up done ·")
        self.snap("provision-done")

    def _ended(self, kind: str) -> str:
        progress = self.state.progress
        return progress.outcome if progress.kind == kind else ""

    async def slices(self) -> None:
        """Every host of every slice runs; the cursor goes to another one, and its log comes."""
        await self.keys("4")
        slices = await self.arrive(SlicesScreen)
        await self.until(
            lambda: sum(pod.status == "Running" and pod.slice >= 0 for pod in slices.view.pods.values()) == HOSTS
        )
        await self.sees("logs: 0-0")
        await self.keys("right", "down", "right_square_bracket")
        await self.until(lambda: slices.selected is not None and slices.selected.tag == "1-5")
        await self.sees("logs: 1-5")
        lines = slices.pane.view.store.end
        await self.until(lambda: slices.pane.view.store.end > lines)
        self.snap("slices-pod")

    async def publish(self) -> None:
        """Models: publish what the deployment names, and wait until both slices are proved to have loaded it."""
        await self.keys("5")
        await self.arrive(ModelsScreen)
        await self.sees("Nothing is published")
        await self.keys("p")
        await self.arrive(PublishModal)
        self.snap("publish")
        await self.keys("enter")
        await self.until(lambda: any(found.rung >= Rung.LOADING for found in self._model.replicas))
        await self.sees(MODEL)
        self.snap("models-loading")
        await self.until(lambda: self._model.loaded == 2)
        await self.sees(MODEL, "can answer")
        self.snap("models")

    @property
    def _model(self) -> ModelStatus:
        found = [model for model in self.state.models.value or () if model.id == MODEL]
        return found[0] if found else ModelStatus(MODEL, "", "", 0, 0)

    async def load_in_the_log(self) -> None:
        """Back at the slices the cursor stands where it stood, and the load has written into that host's log."""
        await self.keys("4")
        slices = await self.arrive(SlicesScreen)
        await self.sees("logs: 1-5")
        await self.until(lambda: any(MODEL in line.text for _, line in slices.pane.view.store.lines()))
        await self.keys("s")
        await self.sees("logs: slice 1")
        await self.until(lambda: len(slices.pane.view.store) > HOSTS)
        await self.sees(" 1-2 ", " 1-7 ")
        self.snap("slices")

    async def chat(self) -> None:
        """A prompt, and the model's reply."""
        await self.keys("6")
        chat = await self.arrive(ChatScreen)
        await self.until(lambda: chat.partner is not None and not chat.partner.reason)
        await self.until(lambda: isinstance(self.app.focused, PromptBox))
        await self.write(PROMPT)
        await self.until(lambda: chat.box.text == PROMPT)
        await self.keys("enter")
        await self.until(lambda: [turn.state for turn in chat.turns] == [TurnState.ANSWERED] and not chat.waiting)
        (turn,) = chat.turns
        assert turn.prompt == PROMPT
        assert turn.text
        await self.sees(PROMPT, " tok/s", turn.text[:12])
        self.snap("chat")

    async def help(self) -> None:
        """All keys, from where one stands."""
        await self.keys("escape")
        await self.arrive(SlicesScreen)
        await self.sees("logs: slice 1")
        await self.keys("question_mark")
        await self.arrive(HelpScreen)
        await self.sees("Keys", "(this screen)", "? help")
        self.snap("help")
        await self.keys("escape")

    async def take_down(self) -> None:
        """Home: its name has to be typed; then everything goes, and is proved gone."""
        await self.keys("1")
        home = await self.arrive(HomeScreen)
        await self.until(lambda: home.selected == NAME)
        await self.sees(NAME)
        self.snap("home")
        await self.keys("x")
        await self.arrive(ConfirmModal)
        await self.write(NAME)
        self.snap("take-down")
        await self.keys("enter")
        await self.arrive(ProvisionScreen)
        await self.until(lambda: self._ended("down") == "done")
        await self.sees("down done ·", "absent twice")
        self.snap("taken-down")
        await self.keys("1")
        await self.sees("taken down, proved")

    async def leave(self) -> None:
        """Nothing bills any more, so nothing is asked."""
        await self.keys("q")
        await self.until(lambda: self.app.return_code is not None)
