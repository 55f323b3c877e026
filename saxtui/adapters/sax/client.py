"""The Sax HTTP server in both its dialects, through the API server's service proxy or straight.

OLD is sax-http:v1.0.0 (Python's http.server: 400 for every error, one request at a time); NEW is sax-http:v1.2.0
(FastAPI: 500 and 422, /listall, sampling parameters). GET requests carry a JSON body in both.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, NoReturn

from saxtui.adapters import exchange
from saxtui.adapters.kubernetes.connection import Connection
from saxtui.adapters.sax import errors
from saxtui.catalog import sax_models
from saxtui.errors import Ambiguous, Busy, Invalid, NotFound, Problem
from saxtui.model.serving import Candidate, Dialect, Sampling
from saxtui.model.talk import Abilities, Answer, Ask, Piece
from saxtui.model.text import safe, safe_block
from saxtui.ports import Json

OLD_WHY = "sax-http v1.0.0 takes no parameters and does not stream; one request at a time"
NEW_WHY = "sax-http v1.2.0 does not stream"
_EXTRA = {
    "temperature": "temperature",
    "max_steps": "per_example_max_decode_steps",
    "top_k": "per_example_top_k",
    "top_p": "per_example_top_p",
}


class SaxClient:
    """Fulfils ports.ModelServer. With `connection` it speaks through that API server, with its token and CA only."""

    def __init__(self, base: str, connection: Connection | None = None) -> None:
        self.dialect = Dialect.UNKNOWN
        self._base = base.rstrip("/")
        self._connection = connection
        self._client: Any = None
        self._one_at_a_time = asyncio.Lock()

    @classmethod
    def through(cls, connection: Connection, namespace: str, service: str, port: int) -> SaxClient:
        """Through the API server's proxy to a Service."""
        path = f"/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy"
        return cls(connection.address + path, connection)

    async def probe(self, timeout: float = 10.0) -> Dialect:
        """Find out which dialect answers: only FastAPI describes itself. Raises CallError when neither does."""
        try:
            found = await self._call("GET", "/openapi.json", None, "probe", "Sax HTTP server", timeout)
        except (Invalid, NotFound) as error:
            self.dialect = Dialect.NEW if error.problem.code == "404" else Dialect.OLD
        else:
            if not isinstance(found, dict) or "openapi" not in found:
                said = "something answers, but not a Sax HTTP server"
                raise Ambiguous(Problem(tried="probe", target=safe(self._base), said=said))
            self.dialect = Dialect.NEW
        return self.dialect

    async def alive(self, timeout: float = 10.0) -> None:
        """That it answers at all; `/` asks nothing of Sax."""
        await self._call("GET", "/", None, "ask", "Sax HTTP server", timeout)

    async def list_cell(self, model: str, timeout: float = 10.0) -> Json | None:
        """max_replicas, active_replicas, model_path, checkpoint; None when not published."""
        try:
            found = await self._call("GET", "/listcell", {"model": model}, "list", model, timeout)
        except NotFound:
            return None
        answer = _object(found, "list", model)
        for name in ("max_replicas", "active_replicas"):
            answer[name] = _whole(answer.get(name, 0), name, model)
        return answer

    async def list_all(self, cell: str, timeout: float = 10.0) -> list[str] | None:
        """Model ids; None where the dialect cannot list."""
        if await self._known(timeout) is not Dialect.NEW:
            return None
        found = await self._call("GET", "/listall", {"sax_cell": cell}, "list models of", cell, timeout)
        if not isinstance(found, list):
            raise exchange.unexpected("list models of", cell, found)
        return [safe(item) for item in found]

    async def publish(self, model: str, path: str, checkpoint: str, replicas: int, timeout: float = 30.0) -> Json:
        """Record the model with the admin server; loading comes later. Raises Conflict, Busy, Invalid."""
        return await self._put("POST", "publish", model, path, checkpoint, replicas, timeout)

    async def update(self, model: str, path: str, checkpoint: str, replicas: int, timeout: float = 30.0) -> Json:
        """Change checkpoint or replicas. Raises NotFound."""
        return await self._put("PUT", "update", model, path, checkpoint, replicas, timeout)

    async def unpublish(self, model: str, timeout: float = 30.0) -> None:
        """Raises NotFound when it is not published."""
        await self._call("POST", "/unpublish", {"model": model}, "unpublish", model, timeout)

    async def abilities(self, model: str = "", timeout: float = 10.0) -> Abilities:
        """What this dialect takes for this model's class; neither dialect streams."""
        if await self._known(timeout) is not Dialect.NEW:
            return Abilities(scores=True, one_at_a_time=True, server="sax-http v1.0.0", why=OLD_WHY)
        listed = await self.list_cell(model, timeout) if model else None
        known = sax_models.find(str(listed.get("model_path", ""))) if listed else None
        new = Abilities(scores=True, parameters=frozenset(_EXTRA), server="sax-http v1.2.0", why=NEW_WHY)
        if known is None or known.all_sampling:
            return new
        why = f"{known.name} does not take the four parameters that sax-http v1.2.0 sends; {NEW_WHY}"
        return replace(new, parameters=frozenset(), why=why)

    async def names(self, timeout: float = 10.0) -> list[str]:
        """Nothing: only a cell can be asked for its models, and which one is the deployment's to know."""
        return []

    async def generate(self, ask: Ask) -> Answer:
        """One prompt, sent once. Raises Invalid for what the dialect cannot take."""
        body: Json = {"model": ask.model, "query": ask.prompt}
        given = _extra_inputs(ask.sampling)
        if ask.system or ask.history or ask.candidates > 1:
            _refuse(ask.model, "a Sax server takes one text, and its model class says how many answers come")
        if await self._known(min(ask.timeout, 10.0)) is Dialect.NEW:
            # Left out, the server would send four parameters of its own, which some model classes refuse.
            body["extra_inputs"] = given or None
        elif given:
            _refuse(ask.model, f"sax-http v1.0.0 takes no parameters ({', '.join(given)})")
        rows = await self._call("POST", "/generate", body, "generate with", ask.model, ask.timeout, _candidates)
        return Answer(rows)

    async def stream(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """One last piece: neither dialect streams."""
        yield Piece(answer=await self.generate(ask))

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _known(self, timeout: float) -> Dialect:
        return await self.probe(timeout) if self.dialect is Dialect.UNKNOWN else self.dialect

    async def _put(
        self, method: str, verb: str, model: str, path: str, checkpoint: str, replicas: int, timeout: float
    ) -> Json:
        body = {"model": model, "model_path": path, "checkpoint": checkpoint, "replicas": replicas}
        answer = _object(await self._call(method, f"/{verb}", body, verb, model, timeout), verb, model)
        if "path" in answer:
            answer["model_path"] = answer.pop("path")
        return answer

    async def _call(
        self, method: str, path: str, body: Json | None, tried: str, target: str, timeout: float,
        decode: Callable[[Any], Any] = lambda found: found,
    ) -> Any:  # fmt: skip
        """One request, and what `decode` makes of its JSON. Raises CallError."""
        try:
            async with self._turn(tried, target, timeout), asyncio.timeout(timeout):
                status, data = await self._exchange(method, path, body, timeout)
        except Exception as error:
            pod = "the HTTP server's pod"
            raise exchange.from_exception(error, tried, target, timeout, pod, silence="saxtui why") from error
        if not 200 <= status < 300:
            raise errors.from_response(status, data, tried, target)
        return await exchange.decoded(data, tried, target, decode)

    async def _exchange(self, method: str, path: str, body: Json | None, timeout: float) -> tuple[int, bytes]:
        client = await self._open()
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self._connection is not None:
            headers["Authorization"] = f"Bearer {await self._connection.token()}"
        limits = exchange.limits(timeout)
        async with client.stream(method, self._base + path, json=body, headers=headers, timeout=limits) as response:
            return response.status_code, await exchange.read(response)

    async def _open(self) -> Any:
        if self._client is None:
            self._client = await asyncio.to_thread(self._make)
        return self._client

    def _make(self) -> Any:
        import httpx

        own = self._connection
        trust: ssl.SSLContext | bool = True
        if own is not None and own.ca_pem:
            trust = ssl.create_default_context(cadata=own.ca_pem)
            trust.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        # A direct address lies in the operator's own network: no proxy, no netrc, nothing of the environment.
        trust_env = own is not None and not own.loopback
        return httpx.AsyncClient(verify=trust, follow_redirects=False, trust_env=trust_env)

    @asynccontextmanager
    async def _turn(self, tried: str, target: str, timeout: float) -> AsyncGenerator[None, None]:
        """The old server answers one request at a time: a second one would only wait inside it, unseen."""
        if self.dialect is Dialect.NEW:
            yield
            return
        try:
            async with asyncio.timeout(timeout):
                await self._one_at_a_time.acquire()
        except TimeoutError:
            said = "the server answers one request at a time, and one is in progress"
            raise Busy(Problem(tried=tried, target=safe(target), said=said, reason="ONE_AT_A_TIME")) from None
        try:
            yield
        finally:
            self._one_at_a_time.release()


def _extra_inputs(sampling: Sampling | None) -> dict[str, float]:
    if sampling is None:
        return {}
    values = {wire: getattr(sampling, name) for name, wire in _EXTRA.items()}
    return {wire: value for wire, value in values.items() if value is not None}


def _object(found: Any, tried: str, target: str) -> Json:
    if not isinstance(found, dict):
        raise exchange.unexpected(tried, target, found)
    return {safe(key): safe(value) if isinstance(value, str) else value for key, value in found.items()}


def _whole(value: Any, name: str, model: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise exchange.unexpected("list", model, {name: value}) from None


def _candidates(found: Any) -> tuple[Candidate, ...]:
    """Raises TypeError or ValueError for another shape."""
    rows = found.get("generate_response") if isinstance(found, dict) else found
    return tuple(Candidate(safe_block(text), float(score)) for text, score in rows or ())


def _refuse(model: str, said: str) -> NoReturn:
    next_step = "leave it at its default, or deploy sax-http v1.2.0 for parameters"
    raise Invalid(Problem(tried="generate with", target=safe(model), said=said, next_step=next_step))
