"""Chat: conversations kept on disk, prompts that are never lost nor sent twice, and replies however long they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import events, getters, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label

from saxtui.console import chat_acts, chatting
from saxtui.console.chat_acts import CHAT_COMMANDS
from saxtui.console.chat_party import Party
from saxtui.console.screens.base import ConsoleScreen
from saxtui.console.styling import ROLE_STYLE, sheet
from saxtui.console.widgets.chat_log import ChatLog
from saxtui.console.widgets.prompt_box import PromptBox
from saxtui.console.widgets.rule_title import RuleTitle
from saxtui.console.widgets.words import Words
from saxtui.model.conversation import WITHOUT_ANSWER, Conversation, Turn, TurnState
from saxtui.model.serving import Sampling
from saxtui.model.talk import Abilities
from saxtui.present.chat import ability_words, compare_words, waiting_words

if TYPE_CHECKING:
    from saxtui.adapters.disk.conversations import Conversations
    from saxtui.console.sessions import Live
    from saxtui.engine.store import State

_SHOWN_FIELDS = {"temperature": "temp", "max steps": "steps"}
_DEFAULTS = {"temperature": "0.5", "top-k": "200", "top-p": "0.95", "max steps": "128", chatting.ANSWERS: "1"}
_LOOK = 10.0
"""Seconds of the clock between two looks at what is served, while this screen is in front."""


class ChatScreen(ConsoleScreen):
    """Holds the draft, the chosen turn and whom prompts go to; what was said is in the memory, on its way in Chat."""

    CSS_PATH = sheet("chat.tcss")
    HEADING = "Chat"
    AUTO_FOCUS = "#prompt"
    FILTERS = True
    HERE = CHAT_COMMANDS

    log_view = getters.query_one("#chat-log", ChatLog)
    box = getters.query_one("#prompt", PromptBox)
    heading = getters.query_one("#chat-title", RuleTitle)
    notice = getters.query_one("#chat-notice", Words)
    empty = getters.query_one("#chat-empty", Words)
    field = getters.query_one("#chat-find", Input)
    sampling = getters.query_one("#sampling", Horizontal)

    def __init__(self) -> None:
        super().__init__()
        self.party: Party | None = None
        self.turns: tuple[Turn, ...] = ()
        self.conversation: Conversation | None = None
        self.model = ""
        self.against = ""
        self.edited: Turn | None = None
        self.system = ""
        self.abilities: Abilities | None = None
        self._refusal = self._unreached = ""
        self._on_way: frozenset[int] = frozenset()

    def compose_body(self) -> ComposeResult:
        """Heading, conversation, search, prompt, parameters, what the server can do."""
        yield RuleTitle("chat", id="chat-title", ascii_only=self.console.glyphs.ascii_only)
        yield Words(id="chat-empty")
        yield ChatLog(self.console.glyphs, id="chat-log")
        find = Input(id="chat-find", compact=True, placeholder="search: enter older, down newer, esc ends")
        find.display = False
        yield find
        with Vertical(id="chat-lower"):
            yield PromptBox(id="prompt", placeholder="Ask something: enter sends, ^j breaks the line, tab to the turns")
            with Horizontal(id="sampling"):
                for name in (*chatting.FIELDS, chatting.ANSWERS):
                    yield Label(_SHOWN_FIELDS.get(name, name), id=_field(name) + "-label")
                    yield Input(id=_field(name), compact=True, placeholder=_DEFAULTS[name], max_length=7)
            yield Words(id="chat-notice")

    # -- the picture
    @property
    def memory(self) -> Conversations | None:
        """The conversations on disk."""
        runtime = self.console.sessions.runtime
        return runtime.conversations() if runtime is not None else None

    @property
    def partner(self) -> chatting.Partner | None:
        """Whom prompts go to, and why there is no answer now."""
        if self.party is None:
            return None
        if self.party.session is None:
            return chatting.Partner(self.model or self.party.usual, "")
        session, state = self.party.session, self.party.session.store.state
        wanted = session.deployment.model
        return chatting.partner(
            self.model or wanted.id, wanted.path, state.models.value, session.fallen, state.cluster.value
        )

    @property
    def waiting(self) -> Turn | None:
        """The prompt that is with the server; of a comparison the first one."""
        return next(iter(self.party.chat.waiting), None) if self.party is not None else None

    @property
    def unanswered(self) -> Turn | None:
        """The prompt `retry` would send: the chosen turn's, or the last one without an answer."""
        chosen = self.log_view.chosen
        if chosen is not None and chosen.state in WITHOUT_ANSWER:
            return chosen
        return next((turn for turn in reversed(self.turns) if turn.state in WITHOUT_ANSWER), None)

    def on_mount(self) -> None:
        """Paint the state without a deployment; Textual calls the base's handler too."""
        self.repaint()
        self._ticking = self.set_interval(0.5, self._tick, pause=True)

    def on_session(self, live: Live | None) -> None:
        """Another deployment: its last conversation, and a look at what it serves."""
        if live is not None:
            self.console.sessions.watch(live)
        if not self.console.sessions.chat_url:
            self._meet(None if live is None else self._party_of(live))

    def _party_of(self, live: Live) -> Party | None:
        runtime = self.console.sessions.runtime
        return None if runtime is None else self.console.sessions.parties.of_session(runtime, live.session)

    def _meet(self, party: Party | None) -> None:
        self.party, self.conversation, self.turns, self.edited = party, None, (), None
        self.model = self.against = self.system = self._refusal = self._unreached = ""
        self.abilities, self._on_way = None, frozenset()
        self._show(())
        if party is not None:
            self._begin_with(party)
            self._look(party)

    def on_state(self, state: State, previous: State | None) -> None:
        """Who can answer may have changed."""
        if previous is None or state.models is not previous.models or _hosts(state) is not _hosts(previous):
            self.repaint()

    def on_frame(self, now: float) -> None:
        """Answers grow; what ended is read from the disk again."""
        runtime, url = self.console.sessions.runtime, self.console.sessions.chat_url
        if url and self.party is None and runtime is not None:
            self._meet(self.console.sessions.parties.of_url(runtime, url, self.console.sessions.chat_model))
        if self.party is None:
            return
        if (trouble := self.party.chat.trouble) is not None:
            self.party.chat.trouble = None
            self.console.show_problem(trouble)
        turns = self._living(now)
        on_way = frozenset(turns)
        if self._on_way - on_way:
            self._reload(self._on_way - on_way)
        self._on_way = on_way
        mine = [turn for turn in self.turns if turn.id in turns]
        if mine:
            self.log_view.grow([turns[turn.id] for turn in mine], now)
        if on_way:
            self._ticking.resume()
        else:
            self._ticking.pause()

    def _living(self, now: float) -> dict[int, Turn]:
        """What is on its way, a queued prompt with the words for what it waits for."""
        assert self.party is not None
        turns, waits = self.party.chat.turns, self.party.chat.waits
        for number, turn in turns.items():
            step = waits.get(number)
            if turn.state is TurnState.QUEUED and step is not None:
                turns[number] = replace(turn, said=waiting_words(step.said, step.since, step.usual, now))
        return turns

    def _tick(self) -> None:
        self.log_view.tick(self.console.sessions.now())

    def repaint(self) -> None:
        """Heading, notice and fields as things are."""
        partner, party = self.partner, self.party
        title = (self.conversation.title if self.conversation else "") or (self.turns[0].prompt if self.turns else "")
        if partner is None or party is None:
            self.heading.show("chat")
            url = self.console.sessions.chat_url
            self._tell(f"opening {url}" if url else "No deployment is open: choose one on Home (esc, then 1).", "dim")
        else:
            right = partner.id + (f" against {self.against}" if self.against else "")
            self.heading.show(" · ".join(filter(None, ("chat", title or "new conversation"))), right or party.title)
            said = self._refusal or self._unreached or partner.reason or partner.warning
            self._tell(said or self._ability(), "warn" if said else "dim")
        fields = chatting.open_fields(self.abilities)
        self.sampling.display = bool(fields)
        for name in (*chatting.FIELDS, chatting.ANSWERS):
            for widget in self.query(f"#{_field(name)}, #{_field(name)}-label"):
                widget.display = name in fields
        self.empty.display = not self.turns
        self.log_view.display = bool(self.turns)
        streams = self.abilities is not None and self.abilities.streams
        self.log_view.waits = "" if streams else "this server does not stream: the answer comes whole"
        sax = party is not None and party.session is not None
        said = "Nothing said yet." + (" Test models answer gibberish: their weights are random." if sax else "")
        self.empty.update(Content.styled(said if partner and not partner.reason else "", ROLE_STYLE["dim"]))

    def _ability(self) -> str:
        parts = [compare_words(self.abilities)] if self.against else []
        parts += [f"system text: {' '.join(self.system.split())[:40]}"] if self.system else []
        parts.append(ability_words(self.abilities) if self.abilities else "what the server takes is not known yet")
        return " · ".join(filter(None, parts))

    def _tell(self, said: str, role: str) -> None:
        self.notice.update(Content.styled(said, ROLE_STYLE[role]))

    def _show(self, turns: tuple[Turn, ...]) -> None:
        self.turns = turns
        self.box.remember([turn.prompt for turn in turns])
        self.repaint()
        name = self.conversation.model.rpartition("/")[2] if self.conversation else ""
        now = self.console.sessions.now()
        if self.party is not None:
            living = self._living(now)
            turns = tuple(living.get(turn.id, turn) for turn in turns)
        self.log_view.show(turns, name or "model", now)

    # -- conversations
    @work(exclusive=True, group="conversation", exit_on_error=False, description="open the last conversation")
    async def _begin_with(self, party: Party) -> None:
        memory = self.memory
        found = await memory.all(party.place) if memory is not None else []
        await self.open(found[0] if found else None)
        await party.chat.resume()
        self._on_way |= frozenset(party.chat.turns)
        self.console.bridge.poke()

    async def open(self, conversation: Conversation | None) -> None:
        """Show a conversation; None is a new one, written with its first prompt."""
        memory = self.memory
        self.conversation = conversation
        self.system = conversation.system if conversation is not None else ""
        turns = await memory.turns(conversation.id) if memory is not None and conversation is not None else []
        self._show(tuple(turns))

    @work(exclusive=True, group="reload", exit_on_error=False, description="read what came of a prompt")
    async def _reload(self, ended: frozenset[int]) -> None:
        """Prompts ended: show what came of them; one without an answer goes back into an empty box."""
        memory, conversation = self.memory, self.conversation
        if memory is None or conversation is None:
            return
        turns = tuple(await memory.turns(conversation.id))
        if conversation is not self.conversation:
            return
        self._show(turns)
        if self.abilities is None and self.party is not None:
            self._look(self.party)
        for turn in turns:
            if turn.id in ended and turn.state in WITHOUT_ANSWER and not self._on_way:
                self.box.give_back(turn.prompt)

    @work(exclusive=True, group="look", exit_on_error=False, description="ask what is served")
    async def _look(self, party: Party) -> None:
        """What is served may be unknown, or change; looked at again and again while this screen is in front."""
        from saxtui.errors import SaxtuiError

        runtime = self.console.sessions.runtime
        while party is self.party and runtime is not None:
            before = (self.abilities, self._unreached, party.usual)
            try:
                if party.session is not None:
                    await party.session.models()
                elif not party.usual:
                    party.usual = next(iter(await party.talker.names()), "")
                if self.abilities is None:
                    self.abilities = await party.talker.abilities(self.partner.id if self.partner else "")
            except SaxtuiError as error:
                self._unreached = f"cannot ask the server yet: {error.problem.said}"
            else:
                self._unreached = ""
            if before != (self.abilities, self._unreached, party.usual):
                self.repaint()
            await runtime.clock.sleep(max(_LOOK, runtime.clock.speed))
            if party.session is None and self.abilities is not None:
                return

    def look_again(self) -> None:
        """Another model: what it takes is to be asked anew."""
        self.repaint()
        if self.party is not None:
            self._look(self.party)

    def on_screen_suspend(self) -> None:
        """Nobody looks: nothing is asked."""
        self.workers.cancel_group(self, "look")

    def on_screen_resume(self) -> None:
        """Look again; Textual calls the base's handler too."""
        if self.party is not None:
            self._look(self.party)

    # -- prompts
    @on(PromptBox.Submitted)
    def _submitted(self, event: PromptBox.Submitted) -> None:
        self.ask(event.text)

    def ask(self, prompt: str, *, keep_box: bool = False, replaces: Turn | None = None) -> None:
        """Put a prompt on its way: sent when it can be heard, queued until then. Or say why it stays in the box."""
        self._refusal = ""
        texts = {name: self.query_one(f"#{_field(name)}", Input).value for name in chatting.open_fields(self.abilities)}
        try:
            sampling, wanted = chatting.sampling_of(texts), chatting.answers_of(texts)
        except ValueError as error:
            self._refusal = str(error)
            self.repaint()
            return
        party, partner = self.party, self.partner
        if party is None or partner is None:
            return
        models = (partner.id, self.against) if self.against and self.against != partner.id else (partner.id,)
        self._put(party, prompt.strip(), models, sampling, wanted, replaces or self.edited, keep_box)

    @work(group="put", exit_on_error=False, description="record the prompt")
    async def _put(
        self, party: Party, prompt: str, models: tuple[str, ...], sampling: Sampling | None, wanted: int,
        replaces: Turn | None, keep_box: bool,
    ) -> None:  # fmt: skip
        memory = self.memory
        if memory is None or self._putting:
            return
        self._putting = True
        try:
            if self.conversation is None:
                self.conversation = await memory.start(party.place, models[0], system=self.system)
            made = await party.chat.put(
                self.conversation, prompt, sampling, models=models, wanted=wanted, replaces=replaces
            )  # fmt: skip
            # From here on it is on disk: only now may the box forget it.
            if not keep_box and self.box.text.strip() == prompt:
                self.box.put("")
            self.edited = None
        finally:
            self._putting = False
        self._on_way |= {turn.id for turn in made}
        self._show(tuple(await memory.turns(self.conversation.id)))
        self.log_view.action_bottom()
        self.console.bridge.poke()

    _putting = False

    @work(group="stop", exit_on_error=False, description="stop waiting")
    async def stop(self, turn: Turn) -> None:
        """Stop waiting for an answer, or take a queued prompt out again; its text goes back into an empty box."""
        if self.party is None or self.memory is None or self.conversation is None:
            return
        await self.party.chat.stop(turn)
        self._on_way -= {turn.id}
        self._show(tuple(await self.memory.turns(self.conversation.id)))
        self.box.give_back(turn.prompt)
        self.console.bridge.poke()

    # -- keys
    def go_back(self) -> None:
        """End the search; stop waiting for an answer; give up an edit; otherwise the screen before."""
        if self.field.display:
            chat_acts.end_search(self)
        elif self.party is not None and self.party.chat.waiting:
            for turn in self.party.chat.waiting:
                self.stop(turn)
        elif self.edited is not None:
            self.edited = None
            self.box.put("")
            self.repaint()
        else:
            super().go_back()

    def open_filter(self) -> None:
        """`/`: search this conversation."""
        self.field.display = True
        self.field.focus()

    @on(Input.Changed, "#chat-find")
    def _searching(self, event: Input.Changed) -> None:
        self.log_view.search(event.value)

    @on(Input.Changed, "#sampling Input")
    def _mended(self) -> None:
        if self._refusal:
            self._refusal = ""
            self.repaint()

    @on(Input.Submitted, "#sampling Input")
    def _set(self) -> None:
        self.box.focus()

    @on(Input.Submitted, "#chat-find")
    def _older(self) -> None:
        if not self.log_view.find(backwards=True):
            self.console.tell("it is nowhere in this conversation")

    def on_key(self, event: events.Key) -> None:
        """In the search: up to older places, down to newer ones."""
        if self.field.has_focus and event.key in ("up", "down"):
            event.stop()
            self.log_view.find(backwards=event.key == "up")


def _hosts(state: State) -> object:
    return state.cluster.value.slices if state.cluster.value is not None else None


def _field(name: str) -> str:
    return "sampling-" + name.replace(" ", "-")
