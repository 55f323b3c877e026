"""Models: what is published, how far each slice is with it, and what proves that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from textual import getters, on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from saxtui.console import ladders
from saxtui.console.causes import why_command
from saxtui.console.commands import Command
from saxtui.console.screens.base import ConsoleScreen
from saxtui.console.styling import ROLE_STYLE, sheet
from saxtui.console.widgets.rows import Rows
from saxtui.console.widgets.rule_title import RuleTitle
from saxtui.console.widgets.words import Words
from saxtui.present import canary
from saxtui.present import models as words
from saxtui.present.models import ModelRow

if TYPE_CHECKING:
    from saxtui.console.sessions import Live
    from saxtui.engine.store import State
    from saxtui.model.serving import ModelStatus

_EVERY = 5.0  # seconds of the product's clock between two looks while something loads
_AGAIN = 5.0  # real seconds before asking again after a failure
_LEAST = 0.5  # real seconds between two looks, however fast the clock runs


def _can_change(screen: ModelsScreen) -> str:
    if screen.live is None:
        return "no deployment is open"
    if screen.live.read_only:
        return "another saxtui holds this deployment"
    return "a request is under way" if screen.busy else ""


def _can_look(screen: ModelsScreen) -> str:
    return "" if screen.live is not None else "no deployment is open"


def _can_unpublish(screen: ModelsScreen) -> str:
    return _can_change(screen) or ("" if screen.model_id else "nothing is published")


class ModelsScreen(ConsoleScreen):
    """Master and detail: models, the ladder of the chosen one, the evidence of the chosen slice."""

    CSS_PATH = sheet("models.tcss")
    HEADING = "Models"
    AUTO_FOCUS = "#models"
    HERE = (
        Command("models.publish", ("p",), "publish", "Publish a model on this deployment's slices",
                lambda s: s.publish(), _can_change),
        Command("models.unpublish", ("u",), "unpublish", "Take the selected model off its slices",
                lambda s: s.unpublish(), _can_unpublish),
        Command("models.replicas", ("s",), "replicas", "Change how many slices the selected model takes",
                lambda s: s.scale(), _can_unpublish),
        Command("models.evidence", ("enter",), "evidence", "What proves the selected slice's rungs",
                lambda s: s.show_evidence(), lambda s: "" if s.model_id else "nothing is published"),
        why_command("models"),
        Command("models.talk", ("c",), "chat", "Talk to the model", lambda s: s.console.go("chat")),
        Command("models.canary", ("b",), "canary", "Turn the canary off or on: a tiny prompt now and then",
                lambda s: s.toggle_canary(), _can_look),
        Command("models.refresh", ("r",), "refresh", "Ask the servers and read the logs again", lambda s: s.look(),
                lambda s: "" if s.live else "no deployment is open"),
    )  # fmt: skip

    table = getters.query_one("#models", Rows)
    ladder = getters.query_one("#ladder", Rows)
    evidence = getters.query_one("#evidence", Rows)
    _served = getters.query_one("#models-served", Words)
    _notice = getters.query_one("#models-notice", Words)
    _ladder_title = getters.query_one("#ladder-title", RuleTitle)
    _evidence_title = getters.query_one("#evidence-title", RuleTitle)
    _detail = getters.query_one("#models-detail", Vertical)

    def __init__(self) -> None:
        super().__init__()
        self.busy = ""
        self._models: tuple[ModelStatus, ...] = ()
        self._shown: tuple[ModelRow, ...] = ()

    def compose_body(self) -> ComposeResult:
        """Notice, models, ladder, evidence."""
        marker, plain = self.console.glyphs.pick("❯", ">"), self.console.glyphs.ascii_only
        with Vertical(classes="body"):
            yield Words(id="models-notice")
            yield Rows(ladders.MODEL_COLUMNS, id="models", marker=marker)
            yield Words(id="models-served")
            with Vertical(id="models-detail"):
                yield RuleTitle(id="ladder-title", ascii_only=plain)
                yield Rows(ladders.LADDER_COLUMNS, id="ladder", marker=marker)
                yield RuleTitle(id="evidence-title", ascii_only=plain)
                yield Rows(ladders.EVIDENCE_COLUMNS, id="evidence", cursor=False)

    # -- the picture
    @property
    def model_id(self) -> str:
        """The id of the model under the cursor, "" when nothing is published."""
        return self.table.selected

    def on_mount(self) -> None:
        """Paint the state without a deployment; Textual calls the base's handler too."""
        self._paint(self.console.sessions.now())

    def on_session(self, live: Live | None) -> None:
        """Another deployment: ask what it serves."""
        self.workers.cancel_group(self, "look")
        self.busy = ""
        self._paint(self.console.sessions.now())
        if live is not None:
            self.look()

    def on_screen_resume(self) -> None:
        """Coming back: look again."""
        if self.live is not None:
            self.look()

    def on_state(self, state: State, previous: State | None) -> None:
        """Paint again when the models changed; keep looking while something loads."""
        if previous is None or any(
            getattr(state, part) is not getattr(previous, part) for part in ("models", "beats", "reach")
        ):
            self._paint(self.console.sessions.now())

    def on_frame(self, now: float) -> None:
        """The time a load takes goes on."""
        if ladders.moving(self._models):
            self._paint(now)

    def _paint(self, now: float) -> None:
        part = self.live.state.models if self.live else None
        self._models = (part.value if part else None) or ()
        self._shown = words.rows(self._models, now)
        said, role = self._said(part.error if part else "", part is None or part.value is None)
        self._notice.display = bool(said)
        self._notice.update(Content.styled(said, ROLE_STYLE[role]))
        self.table.display = self._detail.display = self._served.display = bool(self._shown)
        self._served.update(self._service())
        self.table.set_class(bool(part and part.error), "-stale")
        self.table.put(ladders.model_rows(self._shown, self.console.glyphs))
        self._paint_detail()

    def _service(self) -> Content:
        """One line: the canary's strip, and the way to the server."""
        session = self.session
        if session is None:
            return Content("")
        state, plain = session.store.state, self.console.glyphs.ascii_only
        shown = canary.strip(state.beats.value or (), 12 if self.size.width < 100 else 40, plain=plain)
        if not session.canary.on:
            shown = canary.Strip(shown.marks, "off: b turns it on", "dim")
        dot = self.console.glyphs.pick("·", "-")
        way = canary.way(state.reach.value)
        return Content.assemble(
            ("canary ", ROLE_STYLE["dim"]), (shown.marks + " " if shown.marks else "", ROLE_STYLE[shown.role]),
            (shown.said, ROLE_STYLE[shown.role]), (f"  {dot}  {way}" if way else "", ROLE_STYLE["dim"]),
        )  # fmt: skip

    def _said(self, error: str, unknown: bool) -> tuple[str, str]:
        if self.session is None:
            return "No deployment is open: choose one on Home (1).", "dim"
        if self.busy:
            return self.busy, "busy"
        if error.startswith("one request blocks all"):
            return f"▲ {error}; what stands here is older", "warn"
        if error and self._models:
            return f"▲ the last look failed, this is the one before: {error}", "warn"
        if error:
            return f"Cannot ask the model servers yet: {error}\nr asks again.", "bad"
        if unknown:
            return "Asking the HTTP server and reading the primaries' logs …", "busy"
        odd = next((f"▲ {row.id}: {row.note}" for row in self._shown if row.note), "")
        if odd:
            return odd, "warn"
        if not self._models:
            wanted = self.session.deployment.model
            return f"Nothing is published.\np publishes {wanted.id} ({wanted.path.rpartition('.')[2]}).", "dim"
        return "", ""

    def _paint_detail(self) -> None:
        model = next((row for row in self._shown if row.id == self.model_id), None)
        state = model.state if model else ""
        if model and model.assigned > model.loaded:
            state += " · assigned is not loaded"
        self._ladder_title.show(model.id if model else "", state)
        self.ladder.put(ladders.ladder_rows(model, self.console.glyphs))
        found = ladders.replica(self._models, self.ladder.selected)
        self._evidence_title.show(f"evidence: slice {found.slice}" if found else "evidence", "what each rung rests on")
        self.evidence.put(ladders.evidence_rows(found))

    @on(Rows.Highlighted)
    def _chosen(self) -> None:
        self._paint_detail()

    @on(Rows.Activated)
    def show_evidence(self) -> None:
        """Go to the slices of the model; from there to what proves the chosen one's rungs."""
        (self.evidence if self.ladder.has_focus else self.ladder).focus()

    # -- work
    @work(exclusive=True, group="look", exit_on_error=False, description="ask which models are served")
    async def look(self) -> None:
        """Look until nothing moves any more. The store shows a failure; while this screen is in front it asks again."""
        from saxtui.errors import SaxtuiError

        session, runtime = self.session, self.console.sessions.runtime
        while session is not None and runtime is not None:
            try:
                found = await session.models()
            except SaxtuiError:
                if not self.is_current:
                    return
                await asyncio.sleep(_AGAIN)
                continue
            if not ladders.moving(found):
                return
            await runtime.clock.sleep(max(_EVERY, _LEAST * runtime.clock.speed))

    async def publish(self) -> None:
        """Ask what, publish it, and watch it load."""
        from saxtui.console.modals.publish import PublishModal

        session = self.session
        if session is None:
            return
        asked = await self.console.push_screen_wait(PublishModal(session.deployment))
        if asked is None:
            return
        with self._doing(f"Publishing {asked.model}: its slices must have let go of an earlier life first …"):
            await session.publish(asked.model, asked.path, asked.checkpoint, asked.replicas)
        self.console.tell(f"published {asked.model}: now it has to load")
        self.look()

    async def scale(self) -> None:
        """Ask for another number of replicas, and change it."""
        from saxtui.console.modals.replicas import ReplicasModal

        session, model = self.session, next((item for item in self._models if item.id == self.model_id), None)
        if session is None or model is None:
            return
        most = session.deployment.slices.count
        wanted = await self.console.push_screen_wait(ReplicasModal(model.id, model.max_replicas, most))
        if wanted is None:
            return
        with self._doing(f"Changing {model.id} to {wanted} replicas …"):
            await session.update(model.id, wanted)
        self.console.tell(f"{model.id} shall take {wanted} slices")
        self.look()

    def toggle_canary(self) -> None:
        """Off or on, until the console ends."""
        if self.session is not None:
            self.session.canary.on = not self.session.canary.on
            self._paint(self.console.sessions.now())

    async def unpublish(self) -> None:
        """Ask for the model's name to be typed, then take it down."""
        from saxtui.console.modals.confirm import ConfirmModal

        session, model = self.session, self.model_id
        if session is None or not model:
            return
        text = "Its slices stop answering at once and forget the weights; loading again takes minutes."
        sure = await self.console.push_screen_wait(
            ConfirmModal(f"Unpublish {model}", text, yes="Unpublish", typed=model, danger=True)
        )
        if not sure:
            return
        with self._doing(f"Unpublishing {model} …"):
            await session.unpublish(model)
        self.console.tell(f"unpublished {model}")
        self.look()

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        self.busy = what
        self._paint(self.console.sessions.now())
        try:
            yield
        finally:
            self.busy = ""
            self._paint(self.console.sessions.now())
