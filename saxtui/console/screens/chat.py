"""Chat: a conversation with the model, kept on disk, and the prompt that is never lost."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from textual import getters, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from saxtui.console import chatting
from saxtui.console.chat_lines import markdown
from saxtui.console.commands import Command
from saxtui.console.screens.base import ConsoleScreen
from saxtui.console.styling import ROLE_STYLE, sheet
from saxtui.console.widgets.chat_log import ChatLog
from saxtui.console.widgets.prompt_box import PromptBox
from saxtui.console.widgets.rule_title import RuleTitle
from saxtui.model.conversation import Conversation, Turn, TurnState
from saxtui.model.serving import Sampling

if TYPE_CHECKING:
    from saxtui.adapters.disk.conversations import Conversations
    from saxtui.console.sessions import Live
    from saxtui.engine.session import Session
    from saxtui.engine.store import State

_DEFAULTS = {"temperature": "0.5", "top-k": "200", "top-p": "0.95", "max steps": "128"}
_ENDED = (TurnState.FAILED, TurnState.UNANSWERED)


def _idle(screen: ChatScreen) -> str:
    if screen.live is None:
        return "no deployment is open"
    return "an answer is awaited: esc stops waiting" if screen.waiting else ""


def _retryable(screen: ChatScreen) -> str:
    return _idle(screen) or ("" if screen.unanswered else "no prompt is without an answer")


def _some(screen: ChatScreen) -> str:
    return "" if screen.turns else "nothing has been said yet"


class ChatScreen(ConsoleScreen):
    """Holds the draft and which turn is focused; what was said is on disk before it is sent."""

    CSS_PATH = sheet("chat.tcss")
    HEADING = "Chat"
    AUTO_FOCUS = "#prompt"
    HERE = (
        Command("chat.retry", ("ctrl+r", "r"), "retry", "Send the unanswered prompt again", lambda s: s.retry(),
                _retryable),
        Command("chat.new", ("ctrl+n", "n"), "new", "Begin another conversation", lambda s: s.begin(), _idle),
        Command("chat.conversations", ("ctrl+t", "c"), "earlier", "Open an earlier conversation", lambda s: s.choose(),
                _idle),
        Command("chat.export", ("ctrl+s", "e"), "export", "Write the conversation to a Markdown file",
                lambda s: s.export(), _some),
        Command("chat.served", ("ctrl+o", "m"), "models", "What is published and loaded",
                lambda s: s.console.go("models")),
    )  # fmt: skip

    log_view = getters.query_one("#chat-log", ChatLog)
    box = getters.query_one("#prompt", PromptBox)
    heading = getters.query_one("#chat-title", RuleTitle)
    notice = getters.query_one("#chat-notice", Static)
    empty = getters.query_one("#chat-empty", Static)

    def __init__(self) -> None:
        super().__init__()
        self.turns: tuple[Turn, ...] = ()
        self.conversation: Conversation | None = None
        self.waiting: Turn | None = None
        self._refusal = ""
        self._ticked = 0.0

    def compose_body(self) -> ComposeResult:
        """Heading, conversation, prompt, parameters, what the server can do."""
        yield RuleTitle("chat", id="chat-title", ascii_only=self.console.glyphs.ascii_only)
        yield Static(id="chat-empty", markup=False)
        yield ChatLog(self.console.glyphs, id="chat-log")
        with Vertical(id="chat-lower"):
            yield PromptBox(id="prompt", placeholder="Ask something: enter sends, ^j breaks the line")
            with Horizontal(id="sampling"):
                for name in chatting.FIELDS:
                    yield Label(name)
                    yield Input(id=_field(name), compact=True, placeholder=_DEFAULTS[name], max_length=7)
            yield Static(id="chat-notice", markup=False)

    # -- the picture
    @property
    def memory(self) -> Conversations | None:
        """The conversations on disk."""
        runtime = self.console.sessions.runtime
        return runtime.conversations() if runtime is not None else None

    @property
    def partner(self) -> chatting.Partner | None:
        """Whom prompts go to, and why not now."""
        if self.session is None:
            return None
        model = self.session.deployment.model
        return chatting.partner(model.id, model.path, self.session.store.state.models.value)

    @property
    def unanswered(self) -> Turn | None:
        """The prompt `retry` would send: the chosen turn's, or the last one without an answer."""
        chosen = self.log_view.chosen
        if chosen is not None and chosen.state in _ENDED:
            return chosen
        return next((turn for turn in reversed(self.turns) if turn.state in _ENDED), None)

    def on_mount(self) -> None:
        """Paint the state without a deployment; Textual calls the base's handler too."""
        self._paint()

    def on_session(self, live: Live | None) -> None:
        """Another deployment: its last conversation, and a look at what it serves."""
        self.workers.cancel_group(self, "generate")
        self.conversation, self.turns, self.waiting = None, (), None
        self._paint()
        if live is not None:
            self._open_last(live.session.deployment.id)
            if live.state.models.value is None:
                self._look(live.session)

    def on_state(self, state: State, previous: State | None) -> None:
        """Who can answer may have changed."""
        if previous is None or state.models is not previous.models:
            self._refusal = ""
            self._paint()

    def on_frame(self, now: float) -> None:
        """A waiting turn counts on."""
        if self.waiting is not None and time.monotonic() - self._ticked >= 0.5:
            self._ticked = time.monotonic()
            self.log_view.tick(now)

    def _paint(self) -> None:
        partner, session = self.partner, self.session
        title = (self.conversation.title if self.conversation else "") or (self.turns[0].prompt if self.turns else "")
        if partner is None or session is None:
            self.heading.show("chat")
            self._tell("No deployment is open: choose one on Home (esc, then 1).", "dim")
        else:
            dialect = chatting.dialect_of(session.dialect, session.deployment.images.http)
            closed = chatting.closed_fields(dialect, partner.path)
            for name in chatting.FIELDS:
                self.query_one(f"#{_field(name)}", Input).disabled = name in closed
            short = partner.path.rpartition(".")[2]
            self.heading.show(
                " · ".join(filter(None, ("chat", title or "new conversation"))), f"{partner.id} · {short}"
            )
            said = self._refusal or partner.reason
            note = chatting.dialect_note(dialect)
            if closed and "v1.0.0" not in note:
                note = next(iter(closed.values()))
            self._tell(said or note, "warn" if said else "dim")
        self.empty.display = not self.turns
        self.log_view.display = bool(self.turns)
        ready = partner is not None and not partner.reason
        said = "Nothing said yet. Test models answer gibberish: their weights are random." if ready else ""
        self.empty.update(Content.styled(said, ROLE_STYLE["dim"]))

    def _tell(self, said: str, role: str) -> None:
        self.notice.update(Content.styled(said, ROLE_STYLE[role]))

    def _show(self, turns: tuple[Turn, ...]) -> None:
        self.turns = turns
        self.box.remember([turn.prompt for turn in turns])
        self._paint()
        name = self.conversation.model.rpartition("/")[2] if self.conversation else ""
        self.log_view.show(turns, name or "model", self.console.sessions.now())

    # -- conversations
    @work(exclusive=True, group="conversation", exit_on_error=False, description="open the last conversation")
    async def _open_last(self, deployment: str) -> None:
        memory = self.memory
        found = await memory.all(deployment) if memory is not None else []
        await self._open(found[0] if found else None)

    async def _open(self, conversation: Conversation | None) -> None:
        memory = self.memory
        self.conversation = conversation
        turns = await memory.turns(conversation.id) if memory is not None and conversation is not None else []
        self._show(tuple(turns))

    @work(exclusive=True, group="look", exit_on_error=False, description="ask what is served")
    async def _look(self, session: Session) -> None:
        """What is served may be unknown, or have changed since anybody looked."""
        from saxtui.errors import SaxtuiError

        try:
            await session.models()
        except SaxtuiError as error:
            self._refusal = f"cannot ask the server yet: {error.problem.said}"
            self._paint()

    async def begin(self) -> None:
        """An empty conversation; it is written with its first prompt."""
        await self._open(None)
        self.box.focus()

    async def choose(self) -> None:
        """Choose an earlier conversation."""
        from saxtui.console.modals.conversations import ConversationsModal

        if self.memory is None or self.session is None:
            return
        found = await self.memory.all(self.session.deployment.id)
        chosen = await self.console.push_screen_wait(ConversationsModal(found))
        if chosen is not None:
            await self._open(chosen)
        self.box.focus()

    async def export(self) -> None:
        """Write the conversation as Markdown into the state folder, and say where."""
        memory, conversation = self.memory, self.conversation
        if memory is None or conversation is None:
            return
        turns = await memory.turns(conversation.id)
        text = await asyncio.to_thread(markdown, conversation, turns)
        path = await memory.write_export(f"chat-{conversation.id}.md", text)
        self.console.tell(f"written to {path}")

    # -- prompts
    @on(PromptBox.Submitted)
    def _submitted(self, event: PromptBox.Submitted) -> None:
        self.ask(event.text, keep_box=False)

    def retry(self) -> None:
        """Send the unanswered prompt again, as a turn of its own."""
        turn = self.unanswered
        if turn is not None:
            self.ask(turn.prompt, keep_box=self.box.text.strip() != turn.prompt.strip())

    def ask(self, prompt: str, *, keep_box: bool) -> None:
        """Send a prompt, or say why it stays in the box."""
        session, partner = self.session, self.partner
        self._refusal = _idle(self)
        sampling: Sampling | None = None
        try:
            sampling = self._sampling()
        except ValueError as error:
            self._refusal = str(error)
        if self._refusal or session is None or partner is None or partner.reason:
            self._paint()
            if session is not None and partner is not None and partner.reason:
                self._look(session)
            return
        self._generate(session, partner.id, prompt.strip(), sampling, keep_box)

    def _sampling(self) -> Sampling | None:
        fields = {name: self.query_one(f"#{_field(name)}", Input) for name in chatting.FIELDS}
        return chatting.sampling_of({name: field.value for name, field in fields.items() if not field.disabled})

    @work(exclusive=True, group="generate", exit_on_error=False, description="ask the model")
    async def _generate(
        self, session: Session, model: str, prompt: str, sampling: Sampling | None, keep_box: bool
    ) -> None:
        memory = self.memory
        if memory is None:
            return
        if self.conversation is None:
            self.conversation = await memory.start(session.deployment.id, model)
        (queued,) = await memory.queue(self.conversation.id, prompt, sampling, models=(model,))
        turn = await memory.claim(queued)
        if turn is None:
            return
        if not keep_box:
            self.box.put("")
        self.waiting = turn
        self.console.bridge.poke()
        try:
            self._show((*self.turns, turn))
            await self._settle(memory, session, model, turn)
        finally:
            self.waiting = None
            self.console.bridge.poke()
        await self._open(self.conversation)

    async def _settle(self, memory: Conversations, session: Session, model: str, turn: Turn) -> None:
        """Wait for the answer and record what came of it; a prompt without an answer goes back into the box."""
        from saxtui.errors import SaxtuiError

        try:
            reply = await session.generate(turn.prompt, model, turn.sampling)
        except SaxtuiError as error:
            await memory.failed(turn, error.problem.one_line())
            self.box.give_back(turn.prompt)
        except asyncio.CancelledError:
            await memory.unanswered(turn, "you stopped waiting; the server may still be at it")
            if self.is_running:
                self.box.give_back(turn.prompt)
                await self._open(self.conversation)
            raise
        else:
            await memory.answered(turn, reply.candidates, reply.seconds)

    def go_back(self) -> None:
        """Stop waiting for an answer; otherwise the screen before."""
        if self.waiting is not None:
            self.workers.cancel_group(self, "generate")
            return
        super().go_back()


def _field(name: str) -> str:
    return "sampling-" + name.replace(" ", "-")
