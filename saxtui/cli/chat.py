"""`chat`: a conversation, line by line; and the kept conversations: list, search, export, import."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from saxtui.cli.front import Front, label
from saxtui.cli.options import deployment_option, json_option, model_option
from saxtui.errors import ExitCode, Problem, UsageProblem
from saxtui.model.conversation import Conversation, Turn, TurnState
from saxtui.model.conversation_file import to_json
from saxtui.model.serving import Sampling
from saxtui.present.chat import facts, markdown, waiting_words
from saxtui.present.opening import MODEL, OPEN, URL
from saxtui.present.times import moment

if TYPE_CHECKING:
    from saxtui.adapters.disk.conversations import Conversations
    from saxtui.engine.runtime import Runtime
    from saxtui.engine.serving.chat import Chat
    from saxtui.engine.session import Session
    from saxtui.ports import Talker

_HELP = "/new begins another conversation, /retry sends what was not answered again, /system TEXT, /quit"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the command line asked for."""

    model: str
    sampling: Sampling | None
    answers: int
    system: str
    number: int
    fresh: bool


@click.command("chat")
@deployment_option
@click.option("--openai", "url", default="", metavar="URL", help="A server of the OpenAI protocol, no deployment.")
@model_option
@click.option("--screen", is_flag=True, help="In the console's chat screen instead of line by line.")
@click.option("--continue", "number", default=0, metavar="N", help="Go on with conversation N (default: a new one).")
@click.option("--last", is_flag=True, help="Go on with the last conversation.")
@click.option("--system", default="", metavar="TEXT", help="System text: goes with every prompt.")
@click.option("--temperature", type=click.FloatRange(min=0))
@click.option("--top-k", type=click.IntRange(min=0))
@click.option("--top-p", type=click.FloatRange(min=0, max=1))
@click.option("--max-steps", type=click.IntRange(min=1))
@click.option("--answers", default=1, type=click.IntRange(1, 16), help="Candidates to ask for, where the server can.")
@click.option("--list", "listing", is_flag=True, help="List the kept conversations.")
@click.option("--search", default="", metavar="TEXT", help="List those that hold TEXT.")
@click.option("--export", "exported", default=0, metavar="N", help="Print conversation N as Markdown, or with --json.")
@click.option("--import", "source", default="", metavar="FILE", help="Take in a conversation exported as JSON.")
@json_option
@click.pass_obj
def chat(
    front: Front, named: str | None, url: str, model: str, screen: bool, number: int, last: bool, system: str,
    temperature: float | None, top_k: int | None, top_p: float | None, max_steps: int | None, answers: int,
    listing: bool, search: str, exported: int, source: str,
) -> int:  # fmt: skip
    """Talk to the served model, or to a server of the OpenAI protocol: a prompt a line, answers as they come.

    Every prompt is on disk before it is sent, waits while the model loads, and is sent once.
    """
    if url and named:
        raise click.UsageError("-d and --openai name two partners: give one")
    if screen:
        return _screen(front, named, url, model)
    sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, max_steps=max_steps)
    wanted = _Wanted(
        model, None if sampling == Sampling() else sampling, answers, system, number or -int(last), not last
    )

    async def work(runtime: Runtime, room: _Room) -> int:
        if listing or search:
            return await _list(front, room, search)
        if exported:
            return await _export(front, room.memory, exported)
        if source:
            taken = await room.memory.read_import(source, room.place)
            front.out.record("conversation", **_about(taken))
            front.out.line(f"imported as conversation {taken.id}: {taken.title}")
            return int(ExitCode.DONE)
        return await _converse(front, room, wanted)

    return _at_openai(front, url, work) if url else _at_deployment(front, named, work)


def _screen(front: Front, named: str | None, url: str, model: str) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("--screen needs a terminal")
    if url:
        front.runtime().openai(url)
        return front.console({**front.environ, URL: url, MODEL: model})
    from saxtui.cli.front import only_name

    return front.console({**front.environ, OPEN: named or only_name(front.runtime().library)})


@dataclass(eq=False)
class _Room:
    """Whom one talks to, and where it is kept. `changed` is set when a prompt on its way changed."""

    place: str
    called: str
    usual: str
    memory: Conversations
    chat: Chat
    talker: Talker
    changed: asyncio.Event
    runtime: Runtime


def _at_openai(front: Front, url: str, work: Any) -> int:
    runtime = front.runtime()

    async def whole() -> int:
        from saxtui.engine.serving.asking import Asking
        from saxtui.engine.serving.chat import Chat

        talker = runtime.openai(url)
        changed, memory = asyncio.Event(), runtime.conversations()
        chat = Chat(url, memory, Asking(talker, runtime.clock), runtime.clock, changed.set, messages=True)
        try:
            room = _Room(url, f"--openai {url}", "", memory, chat, talker, changed, runtime)
            return int(await work(runtime, room))
        finally:
            await chat.close()
            await talker.close()
            await runtime.close()

    return front.drive(whole())


def _at_deployment(front: Front, named: str | None, work: Any) -> int:
    async def within(session: Session) -> int:
        from saxtui.engine.serving.chat import Chat

        runtime, made = front.opened_runtime, session.deployment
        changed, memory = asyncio.Event(), runtime.conversations()
        chat = Chat(made.id, memory, session.asking, runtime.clock, changed.set, messages=False)
        room = _Room(made.id, f"-d {label(named, made)}", made.model.id, memory, chat, session.talker, changed, runtime)
        try:
            return int(await work(runtime, room))
        finally:
            await chat.close()

    return front.with_session(named, within)


# -- what is kept
def _about(one: Conversation) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "place"}


async def _list(front: Front, room: _Room, search: str) -> int:
    if search:
        rows = [(one.conversation, one.excerpt) for one in await room.memory.find(search, room.place)]
    else:
        rows = [(one, "") for one in await room.memory.all(room.place)]
    for one, excerpt in rows:
        front.out.record("conversation", **_about(one), excerpt=excerpt)
    shown = [[str(one.id), moment(one.changed), one.model, one.title, excerpt] for one, excerpt in rows]
    if shown:
        front.out.table(("N", "LAST CHANGED", "MODEL", "CONVERSATION", "FOUND"), shown)
    else:
        front.out.line("none holds it" if search else "there are none yet")
    return int(ExitCode.DONE)


async def _export(front: Front, memory: Conversations, number: int) -> int:
    found = await memory.get(number)
    if found is None:
        raise _no_such(number)
    turns = await memory.turns(number)
    front.out.emit(to_json(found, turns))
    front.out.part(markdown(found, turns) + "\n")
    return int(ExitCode.DONE)


def _no_such(number: int) -> UsageProblem:
    return UsageProblem(
        Problem("open", f"conversation {number}", "there is none of that number", next_step="saxtui chat --list")
    )


# -- talking
async def _converse(front: Front, room: _Room, wanted: _Wanted) -> int:
    talk = _Talk(front, room, wanted)
    await talk.begin()
    async for line in _lines(front):
        if not await talk.hear(line):
            break
    return int(ExitCode.DONE if talk.answered else ExitCode.REFUSED)


class _Talk:
    """One conversation at the prompt. `answered`: whether every prompt so far was."""

    def __init__(self, front: Front, room: _Room, wanted: _Wanted) -> None:
        self._front, self._room, self._wanted = front, room, wanted
        self._thread: Conversation | None = None
        self._system = wanted.system
        self._last: Turn | None = None
        self.answered = True

    async def begin(self) -> None:
        """Open what is to be gone on with, and say how one talks here."""
        memory, number = self._room.memory, self._wanted.number
        if number > 0:
            self._thread = await memory.get(number)
            if self._thread is None:
                raise _no_such(number)
        elif number < 0:
            self._thread = next(iter(await memory.all(self._room.place)), None)
        if self._thread is not None and self._system:
            await memory.set_system(self._thread.id, self._system)
        if self._thread is not None:
            turns = await memory.turns(self._thread.id)
            self._last = turns[-1] if turns else None
        if sys.stdin.isatty():
            self._front.diagnostics.note(_HELP)
        for turn in await memory.queued(self._room.place):
            self._front.diagnostics.note(("still queued from before: ", "warn"), turn.prompt.partition("\n")[0][:60])
            await self._room.chat.resume()
            self._last = await self._follow(turn)

    async def hear(self, line: str) -> bool:
        """One line that was typed; False when it ends the talk."""
        word, _, rest = line.strip().partition(" ")
        match word:
            case "/quit" | "/exit":
                return False
            case "/new":
                self._thread = self._last = None
            case "/system":
                self._system = rest.strip()
                if self._thread is not None:
                    await self._room.memory.set_system(self._thread.id, self._system)
            case "/retry":
                if self._last is not None and self._last.state is not TurnState.ANSWERED:
                    await self._say(self._last.prompt)
            case "/help":
                self._front.diagnostics.note(_HELP)
            case "":
                pass
            case _:
                await self._say(line)
        return True

    async def _say(self, prompt: str) -> None:
        room, wanted = self._room, self._wanted
        if self._thread is None:
            model = wanted.model or room.usual or next(iter(await room.talker.names()), "")
            self._thread = await room.memory.start(room.place, model, system=self._system)
        models = (wanted.model or self._thread.model,)
        (turn,) = await room.chat.put(self._thread, prompt, wanted.sampling, models=models, wanted=wanted.answers)
        self._last = await self._follow(turn)

    async def _follow(self, turn: Turn) -> Turn:
        """Print what comes of a prompt until it is settled; the turn as it is then."""
        written = await self._print(turn)
        done = await self._room.chat.settled(turn)
        self.answered = self.answered and done.state is TurnState.ANSWERED
        self._report(done, written)
        return done

    async def _print(self, turn: Turn) -> int:
        """Print what comes, and on stderr what it waits for; how many characters were printed."""
        room, written, told = self._room, 0, ""
        while (now := room.chat.turns.get(turn.id)) is not None:
            room.changed.clear()
            step = room.chat.waits.get(turn.id)
            if now.state is TurnState.QUEUED and step is not None and step.said != told:
                told = step.said
                said = waiting_words(step.said, step.since, step.usual, room.runtime.clock.now())
                self._front.diagnostics.note(("queued, not sent: ", "warn"), said)
            if len(now.partial) > written:
                self._front.out.part(now.partial[written:])
                written = len(now.partial)
            await room.changed.wait()
        return written

    def _report(self, turn: Turn, written: int) -> None:
        out, note = self._front.out, self._front.diagnostics.note
        out.record("turn", conversation=turn.conversation, **_turn_record(turn))
        out.part(turn.text[written:] + "\n")
        if turn.state is TurnState.ANSWERED:
            for number, other in enumerate(turn.candidates[1:], 2):
                score = "" if other.score is None else f", score {other.score:.2f}"
                out.line((f"candidate {number}{score}: ", "dim"), other.text)
            note((facts(turn), "dim"))
        else:
            note(("no answer: ", "bad"), turn.said, "   /retry sends it again")


def _turn_record(turn: Turn) -> dict[str, Any]:
    row = asdict(replace(turn, pair=0))
    for name in ("conversation", "pair", "replaced", "wanted"):
        del row[name]
    return {**row, "state": turn.state.value, "text": turn.text, "tokens_per_second": turn.tokens_per_second}


async def _lines(front: Front) -> AsyncIterator[str]:
    """Lines of standard input; one that ends with a backslash goes on in the next."""
    asked = sys.stdin.isatty()
    held = ""
    while True:
        if asked:
            front.diagnostics.prompt("... " if held else "> ")
        data = await asyncio.to_thread(sys.stdin.buffer.readline)
        if not data:
            if held:
                yield held
            return
        line = data.decode("utf-8", "replace").rstrip("\r\n")
        if line.endswith("\\"):
            held += line[:-1] + "\n"
            continue
        yield held + line
        held = ""
