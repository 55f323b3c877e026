"""The prompts of one place, from the disk to the server and back: each is recorded before it is sent, and sent once.

`put` writes a prompt as queued and starts it on its way; `turns` is how those on their way stand now. A prompt is taken
for sending by one durable change of its record, so two saxtuis, or one that was killed, cannot send it twice. What
comes of an answer is kept as it grows. Nothing that failed is sent again but by `put`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from itertools import groupby

from saxtui.engine.serving.asking import Asking, Waiting
from saxtui.engine.serving.memory import Memory
from saxtui.errors import Problem, Refused, SaxtuiError
from saxtui.model.conversation import Conversation, Turn, TurnState, history, written_out
from saxtui.model.serving import Sampling
from saxtui.model.talk import Answer, Ask, Piece
from saxtui.ports import Clock

_SAVED_EVERY = 0.5
"""Real seconds between two savings of an answer that grows."""
_STOPPED = "you stopped waiting; the server may still be at it"
_CLOSED = "saxtui was left before an answer came"


class _Gone(Exception):
    """The prompt is queued no more: it was withdrawn, or another saxtui took it."""


@dataclass(eq=False)
class _Way:
    """One prompt on its way. `fresh` is text that is not in `turn` yet, `unsaved` text that is not on disk yet.

    `before`: the prompts put earlier; `pair`: those put in the same act, before it in order. `beside`: sent while one
    of its pair is answered.
    """

    turn: Turn
    before: tuple[asyncio.Task[None], ...] = ()
    pair: tuple[asyncio.Task[None], ...] = ()
    beside: bool = False
    task: asyncio.Task[None] | None = None
    fresh: list[str] = field(default_factory=list)
    unsaved: list[str] = field(default_factory=list)
    first: float = 0.0
    waits: Waiting | None = None
    reason: str = _CLOSED

    def now(self, clock: Clock) -> Turn:
        """The turn with what has come of its answer."""
        if self.fresh:
            text, self.fresh = "".join(self.fresh), []
            seconds = clock.now() - self.turn.at
            self.turn = replace(self.turn, partial=self.turn.partial + text, seconds=seconds, first=self.first)
        return self.turn


class Chat:
    """Of one deployment, or one server. `changed` is called whenever a turn on its way changed, often."""

    def __init__(
        self, place: str, memory: Memory, asking: Asking, clock: Clock, changed: Callable[[], None], *, messages: bool
    ) -> None:
        """`messages`: the server takes system text and history as such; elsewhere the system text heads the prompt."""
        self.place = place
        self._memory = memory
        self._asking = asking
        self._clock = clock
        self._changed = changed
        self._messages = messages
        self._ways: dict[int, _Way] = {}
        self.trouble: Problem | None = None
        """Why a prompt or an answer could not be recorded, the last time one could not."""

    @property
    def turns(self) -> dict[int, Turn]:
        """Every prompt on its way, by its id, as it stands now; a queued one says what it waits for."""
        return {number: way.now(self._clock) for number, way in self._ways.items()}

    @property
    def waits(self) -> dict[int, Waiting]:
        """What the queued prompts wait for, by their turns' ids."""
        return {number: way.waits for number, way in self._ways.items() if way.waits is not None}

    @property
    def waiting(self) -> tuple[Turn, ...]:
        """What is with the server: one prompt, or one to each model of a comparison where they can be asked at once."""
        return tuple(way.turn for way in self._ways.values() if way.turn.state is TurnState.SENT)

    async def put(
        self, conversation: Conversation, prompt: str, sampling: Sampling | None = None, *,
        models: Sequence[str] = (), wanted: int = 1, replaces: Turn | None = None,
    ) -> tuple[Turn, ...]:  # fmt: skip
        """Record a prompt (a turn for each model) and send it as soon as it can be heard. Raises Refused."""
        made = await self._memory.queue(
            conversation.id, prompt, sampling, models=models or (conversation.model,), wanted=wanted, replaces=replaces
        )
        self._start(made)
        return made

    async def resume(self) -> None:
        """Go on with what an earlier saxtui left queued. Raises Refused."""
        left = [turn for turn in await self._memory.queued(self.place) if turn.id not in self._ways]
        for _, together in groupby(left, key=lambda turn: turn.pair or -turn.id):
            self._start(together)

    async def stop(self, turn: Turn) -> bool:
        """Take a queued prompt out again, or stop waiting for an answer; whether there was anything to stop."""
        way = self._ways.get(turn.id)
        if way is None:
            return await self._memory.withdraw(turn)
        way.reason = _STOPPED
        if way.task is not None:
            way.task.cancel()
            await asyncio.wait([way.task])
        await self._memory.withdraw(turn)
        return True

    async def settled(self, turn: Turn) -> Turn:
        """Wait until nothing more will come of the prompt; the turn as it is recorded then."""
        way = self._ways.get(turn.id)
        if way is not None and way.task is not None:
            await asyncio.wait([way.task])
        found = await self._memory.turns(turn.conversation)
        return next((one for one in found if one.id == turn.id), turn)

    async def close(self) -> None:
        """Leave: queued prompts stay queued, what is with the server is recorded as unanswered."""
        tasks = [way.task for way in self._ways.values() if way.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _start(self, turns: Iterable[Turn]) -> None:
        """The prompts of one act: after all earlier ones."""
        before = tuple(way.task for way in self._ways.values() if way.task is not None)
        pair: tuple[asyncio.Task[None], ...] = ()
        for turn in turns:
            way = self._ways[turn.id] = _Way(turn, before, pair)
            way.task = asyncio.create_task(self._run(way), name=f"prompt {turn.id}")
            pair = (*pair, way.task)

    async def _run(self, way: _Way) -> None:
        try:
            await self._its_turn(way)
            while not await self._sent(way):
                pass
        except _Gone:
            pass
        except SaxtuiError as error:
            self.trouble = error.problem
        finally:
            del self._ways[way.turn.id]
            self._changed()

    async def _its_turn(self, way: _Way) -> None:
        """Wait for what was put earlier; for the other half of a comparison only where it must be."""
        if way.before:
            way.waits = Waiting("an earlier prompt is being answered")
            await asyncio.wait(way.before)
        if way.pair:
            way.beside = not await self._asking.one_at_a_time(way.turn.model)
            if not way.beside:
                way.waits = Waiting("the other model is asked first")
                await asyncio.wait(way.pair)
        way.waits = None

    async def _sent(self, way: _Way) -> bool:
        """Send it once it can be heard; False when it was refused unsent and waits again."""
        saving = asyncio.create_task(self._save(way), name=f"save {way.turn.id}")
        answer: Answer | None = None
        try:
            ask = await self._ask(way.turn)
            steps = self._asking.put(ask, sending=lambda: self._claim(way), held=lambda: self._held(way),
                                      beside=way.beside)  # fmt: skip
            async with aclosing(steps):
                async for step in steps:
                    answer = self._take(way, step) or answer
        except Refused as error:
            await self._wait_again(way, error)
            return False
        except SaxtuiError as error:
            await self._keep(way)
            await self._memory.failed(way.turn, error.problem.one_line())
        except asyncio.CancelledError:
            if way.turn.state is TurnState.SENT:
                await self._keep(way)
                await self._memory.unanswered(way.turn, way.reason)
            raise
        else:
            await self._record(way, answer)
        finally:
            saving.cancel()
        return True

    async def _ask(self, turn: Turn) -> Ask:
        """What goes to the server: with the conversation so far where it takes messages."""
        conversation = await self._memory.get(turn.conversation)
        if conversation is None:
            raise _Gone
        if not self._messages:
            prompt = written_out(turn.prompt, conversation.system)
            return Ask(prompt, turn.model, turn.sampling, candidates=turn.wanted)
        before = history(await self._memory.turns(turn.conversation), before=turn, model=turn.model)
        return Ask(turn.prompt, turn.model, turn.sampling, conversation.system, before, turn.wanted)

    async def _claim(self, way: _Way) -> None:
        """The durable step before sending; even when we are stopped in the middle of it, what came of it is known."""
        taking = asyncio.ensure_future(self._memory.claim(way.turn))
        try:
            taken = await asyncio.shield(taking)
        except asyncio.CancelledError:
            taken = await taking
            way.turn = taken or way.turn
            raise
        if taken is None:
            raise _Gone
        way.turn = replace(taken, said="")
        self._changed()

    async def _held(self, way: _Way) -> None:
        await self._memory.requeue(way.turn)
        way.turn = replace(way.turn, state=TurnState.QUEUED)
        self._changed()

    async def _wait_again(self, way: _Way, error: Refused) -> None:
        """A refusal by the server's guard means that nothing was sent. One before that came from the disk: raised."""
        if way.turn.state is not TurnState.SENT:
            raise error
        await self._held(way)
        way.turn = replace(way.turn, said=error.problem.said)
        self._changed()
        await self._clock.sleep(max(5.0, 0.5 * self._clock.speed))

    def _take(self, way: _Way, step: Waiting | Piece) -> Answer | None:
        if isinstance(step, Waiting):
            way.turn, way.waits = replace(way.turn, said=step.said), step
            self._changed()
            return None
        if step.text and step.candidate == 0:
            if not way.first:
                way.first = self._clock.now() - way.turn.at
            way.fresh.append(step.text)
            way.unsaved.append(step.text)
            self._changed()
        return step.answer

    async def _record(self, way: _Way, answer: Answer | None) -> None:
        if answer is None:
            await self._keep(way)
            await self._memory.unanswered(way.turn, "the server ended its answer in the middle")
            return
        seconds = answer.seconds or self._clock.now() - way.turn.at
        await self._memory.answered(way.turn, answer.candidates, seconds, way.first, answer.tokens or 0)

    async def _save(self, way: _Way) -> None:
        with suppress(Refused):  # told when the answer's end is recorded
            while True:
                await asyncio.sleep(_SAVED_EVERY)
                await self._keep(way)

    async def _keep(self, way: _Way) -> None:
        if way.unsaved:
            text, way.unsaved = "".join(way.unsaved), []
            await self._memory.grew(way.turn, text)
