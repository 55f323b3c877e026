"""Whom the chat screen talks to: a deployment's model, or a server by its address. Kept while the console is open.

A party outlives the screen's picture of it: prompts on their way stay so while other screens are in front.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saxtui.engine.runtime import Runtime
    from saxtui.engine.serving.chat import Chat
    from saxtui.engine.session import Session
    from saxtui.ports import Talker


@dataclass(eq=False)
class Party:
    """`usual` is the model's id, "" for the server's first. `session` is the deployment's, None for a server alone."""

    place: str
    title: str
    usual: str
    chat: Chat
    talker: Talker
    session: Session | None = None


class Parties:
    """Made as they are needed. `changed` is called when a prompt on its way changed."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._known: dict[int | str, Party] = {}

    def of_session(self, runtime: Runtime, session: Session) -> Party:
        """The deployment's model."""
        from saxtui.engine.serving.chat import Chat

        known = self._known.get(id(session))
        if known is None:
            made = session.deployment
            chat = Chat(
                made.id, runtime.conversations(), session.asking, runtime.clock, self._changed, messages=False
            )  # fmt: skip
            known = self._known[id(session)] = Party(made.id, made.name, made.model.id, chat, session.talker, session)
        return known

    def of_url(self, runtime: Runtime, url: str, model: str) -> Party:
        """A server of the OpenAI protocol. Raises UsageProblem for a wrong address."""
        from saxtui.engine.serving.asking import Asking
        from saxtui.engine.serving.chat import Chat

        known = self._known.get(url)
        if known is None:
            talker = runtime.openai(url)
            asking = Asking(talker, runtime.clock)
            chat = Chat(url, runtime.conversations(), asking, runtime.clock, self._changed, messages=True)
            known = self._known[url] = Party(url, url, model, chat, talker)
        return known

    @property
    def on_their_way(self) -> bool:
        """Whether any prompt is with a server, or waits to be sent."""
        return any(party.chat.turns for party in self._known.values())

    async def leave(self, session: Session) -> None:
        """The deployment is closed: what is on its way there stays recorded as it is."""
        party = self._known.pop(id(session), None)
        if party is not None:
            await party.chat.close()

    async def close(self) -> None:
        """Queued prompts stay queued on disk; what is with a server is recorded as unanswered."""
        parties, self._known = list(self._known.values()), {}
        await asyncio.gather(*(party.chat.close() for party in parties))
        for party in parties:
            if party.session is None:
                await party.talker.close()
