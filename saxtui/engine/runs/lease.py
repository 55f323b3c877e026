"""One writer across machines: a lease object in the deployment's bucket, whose generation is the fencing number.

Every write of the object names the generation it replaces, so of two writers one is refused, and generations only
rise. Whether another's lease has run out is read off the server's clock alone: when it was written, and what time the
server says it is now. The holder itself counts from before it asked, and stops MARGIN seconds early: longer than a
request may be under way.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saxtui.errors import Ambiguous, CallError, Conflict, Denied, NotFound, Problem, Refused, Throttled, Unreachable
from saxtui.model.text import safe
from saxtui.ports import Cloud, ObjectInfo

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment

KEY = "saxtui/lease.json"
TTL = 120.0
"""Real seconds a lease lasts unless it is renewed."""
MARGIN = 45.0
"""Real seconds before its end in which the holder sends nothing; a request is given up after 30."""
_RENEW_BELOW = 0.6
_TRIES = 5
_PASSING = (Ambiguous, Throttled, Unreachable)


class Fenced(Refused):
    """Somebody else holds the lease: nothing may be sent."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who writes. `place` is this journal on this machine since it was booted.

    Two processes of the same place exclude each other by the journal's file lock; so a lease left there by another
    process is one whose holder is dead.
    """

    host: str = ""
    pid: int = 0
    place: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a lease object says. `seconds` is how long it lasts on the server's clock; `nonce` names one write of it."""

    account: str = ""
    host: str = ""
    pid: int = 0
    place: str = ""
    since: float = 0.0
    seconds: float = TTL
    nonce: str = ""
    held: bool = True

    def render(self) -> bytes:
        """As the object's content."""
        body = {
            "format": 1, "account": self.account, "host": self.host, "pid": self.pid, "place": self.place,
            "since": self.since, "seconds": self.seconds, "nonce": self.nonce, "held": self.held,
        }  # fmt: skip
        return json.dumps(body).encode()


def parse_claim(data: bytes) -> Claim:
    """The claim an object holds; one that cannot be read is held by somebody unknown."""
    try:
        body: dict[str, Any] = json.loads(data)
        return Claim(
            account=safe(body["account"], 200),
            host=safe(body["host"], 200),
            pid=int(body["pid"]),
            place=safe(body["place"], 200),
            since=float(body["since"]),
            seconds=max(0.0, float(body["seconds"])),
            nonce=safe(body["nonce"], 100),
            held=bool(body["held"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        return Claim(account="somebody whose lease cannot be read")


class Lease:
    """One run's hold on its deployment. Nothing is written before the first `permit` that is about a mutation."""

    def __init__(self, deployment: Deployment, cloud: Cloud, holder: Holder, *, take_over: bool = False) -> None:
        self._deployment = deployment
        self._cloud = cloud
        self._holder = holder
        self._take_over = take_over
        self._lock = asyncio.Lock()
        self._nonces: dict[str, float] = {}
        self._since = 0.0
        self._good_until = 0.0
        self._ending = False
        self._lost: Problem | None = None
        self.fence = 0
        """The generation we hold, 0 while we hold none."""

    @property
    def held(self) -> bool:
        """Whether something may be sent under it at this moment."""
        return self.fence > 0 and self._lost is None and not self._too_late()

    async def look(self) -> None:
        """Read only. Raises Fenced when another operator holds the lease, or it must be taken over on order."""
        try:
            found = await self._cloud.buckets.find_object(self._deployment.bucket, KEY)
            data = await self._content(found) if found is not None else None
        except CallError:
            # Not for this to judge: the bucket's own step meets the same failure and reports it.
            return
        if found is not None and data is not None:
            self._judge(parse_claim(data), found)

    async def permit(self, *, makes_bucket: bool = False, ends_bucket: bool = False) -> None:
        """Call before each mutation: acquires, re-checks, renews. Raises Fenced, CallError; may be called again then.

        There is nothing to hold where the bucket is not there yet, is gone, or is not ours: then its name, and the
        fixed names of everything else, are what only one can have. `ends_bucket`: the lease goes with it.
        """
        async with self._lock:
            if self._lost is not None:
                raise Fenced(self._lost)
            if self.fence:
                await self._recheck()
            elif not makes_bucket and not self._ending:
                await self._acquire()
            self._ending = self._ending or ends_bucket

    def still(self) -> None:
        """Call with nothing awaited between this and the mutation. Raises Fenced when the lease is about to end."""
        if self._lost is not None:
            raise Fenced(self._lost)
        if self.fence and not self._ending and self._too_late():
            said = "its lease was not renewed in time, so somebody else may take it"
            raise Fenced(self._problem(said, "run the same command again", "LEASE_LATE"))

    async def keep(self) -> None:
        """Call during waits: renews when due. A renewal that fails is tried again at the next call."""
        if not self.fence or self._lost is not None or self._ending or self._lock.locked() or not self._due():
            return
        async with self._lock:
            try:
                await self._recheck()
            except (CallError, Fenced):
                return

    async def release(self) -> None:
        """Say that we are done; best effort: what is left behind runs out."""
        if not self.fence or self._lost is not None or self._ending:
            return
        try:
            await self._put(held=False, over=self.fence)
        except CallError:
            return
        finally:
            self.fence = 0

    async def _acquire(self) -> None:
        if not await self._own_bucket():
            return
        for _ in range(_TRIES):
            found = await self._cloud.buckets.find_object(self._deployment.bucket, KEY)
            if found is not None:
                data = await self._content(found)
                if data is None:
                    continue
                claim = parse_claim(data)
                if self._is_our_write(claim, found):
                    return
                self._judge(claim, found)
            if await self._try_write(found.generation if found else 0):
                return
        raise Fenced(self._problem("its lease keeps changing hands", "run the same command again", "LEASE_BUSY"))

    async def _recheck(self) -> None:
        """We held it a moment ago: do we still? Raises Fenced when not."""
        found = await self._cloud.buckets.find_object(self._deployment.bucket, KEY)
        if found is None:
            if not self._ending:
                self.fence = 0
                await self._acquire()
            return
        if found.generation != self.fence:
            data = await self._content(found)
            claim = parse_claim(data) if data is not None else Claim(account="somebody else")
            if not self._is_our_write(claim, found):
                said = f"{_who(claim)} took its lease over"
                self._lost = self._problem(said, "look what it does: saxtui status", "FENCED")
                raise Fenced(self._lost)
        if self._due() and not await self._try_write(self.fence):
            await self._recheck()

    async def _try_write(self, over: int) -> bool:
        """Write our claim over that generation. False when it must be looked at again."""
        try:
            await self._put(held=True, over=over)
        except (Conflict, NotFound):
            return False
        except _PASSING:
            await self._cloud.clock.sleep(1.0)
            return False
        return True

    async def _put(self, *, held: bool, over: int) -> None:
        clock = self._cloud.clock
        asked = clock.now()
        self._since = self._since or asked
        nonce = secrets.token_hex(8)
        if held:
            self._nonces[nonce] = asked
        claim = Claim(
            await self._cloud.projects.account(), self._holder.host, self._holder.pid, self._holder.place,
            self._since, TTL * clock.speed, nonce, held,
        )  # fmt: skip
        written = await self._cloud.buckets.put_object(self._deployment.bucket, KEY, claim.render(), over)
        if held:
            self.fence = written.generation
            self._good_until = asked + TTL * clock.speed

    def _is_our_write(self, claim: Claim, found: ObjectInfo) -> bool:
        """A write of this run whose answer was lost: it counts from when it was asked for."""
        asked = self._nonces.get(claim.nonce)
        if asked is None or not claim.held:
            return False
        self.fence = found.generation
        self._good_until = asked + TTL * self._cloud.clock.speed
        return True

    def _judge(self, claim: Claim, found: ObjectInfo) -> None:
        """Whether we may write over another claim. Raises Fenced."""
        if not claim.held or (claim.place and claim.place == self._holder.place):
            return
        age = found.answered - found.updated
        speed = self._cloud.clock.speed
        if age < claim.seconds + speed:
            said = f"{_who(claim)} works on it, renewed {max(0.0, age) / speed:.0f} s ago"
            next_step = "wait until it is done, or look on with a command that only reads (status, pods, logs)"
            raise Fenced(self._problem(said, next_step, "HELD"))
        if not self._take_over:
            said = f"{_who(claim)} worked on it and stopped without a word {age / speed:.0f} s ago"
            next_step = f"if it is dead, take over: saxtui up --take-over -d {self._deployment.name} (or down)"
            raise Fenced(self._problem(said, next_step, "LEASE_EXPIRED"))

    async def _own_bucket(self) -> bool:
        try:
            found = await self._cloud.buckets.get(self._deployment.bucket)
        except Denied:
            return False
        return found is not None and self._deployment.owns(found.labels)

    async def _content(self, found: ObjectInfo) -> bytes | None:
        return await self._cloud.buckets.read_object(self._deployment.bucket, KEY, found.generation, limit=65_536)

    def _due(self) -> bool:
        return self._cloud.clock.now() > self._good_until - _RENEW_BELOW * TTL * self._cloud.clock.speed

    def _too_late(self) -> bool:
        return self._cloud.clock.now() > self._good_until - MARGIN * self._cloud.clock.speed

    def _problem(self, said: str, next_step: str, reason: str) -> Problem:
        target = f"deployment {self._deployment.name}"
        return Problem(tried="write to", target=target, said=said, next_step=next_step, reason=reason, may_bill=None)


def _who(claim: Claim) -> str:
    process = f" (process {claim.pid})" if claim.pid else ""
    return f"{claim.account}{f' on {claim.host}' if claim.host else ''}{process}"
