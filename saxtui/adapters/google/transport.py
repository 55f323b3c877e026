"""The blocking half of the Google adapters: credentials, one session, and a few threads to wait in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from saxtui.adapters.google import errors
from saxtui.adapters.google.credentials import Credentials

T = TypeVar("T")
Json = dict[str, Any]

TIMEOUT = 30.0
"""Real seconds that one request may take."""
_READ_AGAIN = (0.3, 1.0)
_PASSING = (502, 503, 504)


class Transport:
    """Runs Google calls off the event loop and turns what they raise into CallErrors."""

    def __init__(self, project: str, environ: Mapping[str, str]) -> None:
        self.project = project
        self.credentials = Credentials(environ)
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="google")
        self._session: Any = None

    async def run(self, work: Callable[[], T], tried: str, target: str) -> T:
        """`work()` in a thread. Raises CallError."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except Exception as error:
            raise errors.from_exception(error, tried, target, self.project) from error

    async def call(
        self, method: str, url: str, tried: str, target: str, body: Json | None = None,
        params: Mapping[str, str] | None = None, *, mutates: bool = False,
    ) -> Json | None:  # fmt: skip
        """One raw REST request; None for a 404 on a read. Reads are tried three times through passing 5xx."""
        return await self.run(lambda: self._call(method, url, tried, target, body, params, mutates), tried, target)

    def _call(
        self, method: str, url: str, tried: str, target: str, body: Json | None,
        params: Mapping[str, str] | None, mutates: bool,
    ) -> Json | None:  # fmt: skip
        session = self.session()
        pauses = () if mutates else _READ_AGAIN
        for attempt in range(len(pauses) + 1):
            response = session.request(method, url, json=body, params=params, timeout=TIMEOUT, allow_redirects=False)
            if response.status_code not in _PASSING or attempt == len(pauses):
                break
            time.sleep(pauses[attempt])
        if 200 <= response.status_code < 300:
            found = errors.json_of(response)
            if not isinstance(found, dict):
                raise ValueError("the answer is not a JSON object")
            return found
        answer = errors.read_answer(response.status_code, response.content, response.headers)
        if answer.code == 404 and answer.genuine and not mutates:
            return None
        raise errors.from_answer(answer, tried, target, self.project)

    def session(self) -> Any:
        """The authorised requests session. Blocking at first use."""
        if self._session is None:
            from google.auth.transport.requests import AuthorizedSession

            self._session = AuthorizedSession(self.credentials.load())
        return self._session

    async def pages(
        self, url: str, key: str, tried: str, target: str, params: Mapping[str, str] | None = None
    ) -> list[Any]:
        """All items of a paged list under `key`; [] where the collection does not exist."""
        found: list[Any] = []
        token = ""
        while True:
            asked = {**(params or {}), **({"pageToken": token} if token else {})}
            page = await self.call("GET", url, tried, target, params=asked)
            items = (page or {}).get(key) or []
            found += [items] if isinstance(items, dict) else items
            token = str((page or {}).get("nextPageToken") or "")
            if not token:
                return found

    async def close(self) -> None:
        """Close the session and let the threads go."""
        if self._session is not None:
            self._session.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
