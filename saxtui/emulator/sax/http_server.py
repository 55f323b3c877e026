"""The sax-http program: which dialect it speaks, how many requests it takes at a time, and its access log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from saxtui.emulator import scenarios
from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyRequest, ProxyResponse
from saxtui.emulator.sax import http_faults, http_new, http_old, lines
from saxtui.emulator.sax.client import Gone, SaxClient
from saxtui.emulator.sax.processes import Processes
from saxtui.emulator.waiting import Waiting

Json = dict[str, Any]
Program = Callable[[SaxClient, Json, ProxyRequest], Awaitable[ProxyResponse | NoAnswer]]
LISTEN = "sax.http.listen"
PORT = 8888
PEER = "10.182.0.2"
"""Where requests through the API server seem to come from: its tunnel's end on a node."""
OLD_TAGS = ("v1.0.0",)


class HttpServers:
    """Plays sax-http, and answers for pods behind the API server's proxy."""

    def __init__(self, processes: Processes, client: SaxClient, waiting: Waiting) -> None:
        self._waiting = waiting
        self._world = processes.world
        self._processes = processes
        self._client = client
        self._locks: dict[str, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[ProxyResponse | NoAnswer]] = set()
        processes.play("sax-http", self._started, self._stopped)
        self._world.on(LISTEN, self._listen)

    def _started(self, process: Json) -> None:
        self._world.after(self._world.rng.uniform(1.5, 3.0), LISTEN, run=process["run"])

    def _stopped(self, process: Json) -> None:
        self._locks.pop(process["run"], None)

    def _listen(self, payload: Json) -> None:
        process = self._processes.get(payload["run"])
        if process is None:
            return
        process["listening"] = True
        if process["tag"] in OLD_TAGS:
            self._processes.log(process, f"Server started http://0.0.0.0:{PORT}")
            return
        self._processes.log(process, "INFO:     Started server process [1]")
        self._processes.log(process, "INFO:     Waiting for application startup.")
        self._processes.log(process, "INFO:     Application startup complete.")
        self._processes.log(process, f"INFO:     Uvicorn running on http://0.0.0.0:{PORT} (Press CTRL+C to quit)")

    async def backend(
        self, cluster: str, namespace: str, pod: str, port: int, request: ProxyRequest
    ) -> ProxyResponse | NoAnswer:
        """Answer one request to a pod. A caller who goes away does not stop the program from working on."""
        fault = scenarios.on_request(self._world, "sax", request.method, request.path) if port == PORT else None
        process = self._processes.of_pod(cluster, namespace, pod)
        if process is None or process["program"] != "sax-http" or port != PORT or not process.get("listening"):
            return NoAnswer.REFUSED
        task = asyncio.ensure_future(self._serve(process, request, fault))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _serve(self, process: Json, request: ProxyRequest, fault: Json | None) -> ProxyResponse | NoAnswer:
        try:
            if process["tag"] in OLD_TAGS:
                # One thread: a request that waits makes all others wait behind it.
                async with self._locks.setdefault(process["run"], asyncio.Lock()):
                    if self._processes.get(process["run"]) is None:
                        return NoAnswer.DROP
                    answer = await self._answer(process, request, fault, http_old.answer)
            else:
                answer = await self._answer(process, request, fault, http_new.answer)
        except Gone:
            return NoAnswer.DROP
        if self._processes.get(process["run"]) is None:
            return NoAnswer.DROP
        self._log(process, request, answer)
        return answer

    async def _answer(
        self, process: Json, request: ProxyRequest, fault: Json | None, program: Program
    ) -> ProxyResponse | NoAnswer:
        """What the program answers, or what the scenario makes of it."""
        kind = fault["fault"] if fault is not None else ""
        if fault is None or kind in ("hang", "lost-response"):
            if fault is not None and kind == "hang":
                await self._waiting.sleep(fault["seconds"])
            answer = await program(self._client, process, request)
            return NoAnswer.DROP if kind == "lost-response" else answer
        return http_faults.answer(fault, old=process["tag"] in OLD_TAGS)

    def _log(self, process: Json, request: ProxyRequest, answer: ProxyResponse | NoAnswer) -> None:
        if isinstance(answer, NoAnswer):
            for text in http_old.TRACEBACK.format(peer=PEER).split("\n"):
                self._processes.log(process, text)
            return
        target = request.path + (f"?{request.query}" if request.query else "")
        words = f"{request.method} {target} HTTP/1.1"
        if process["tag"] in OLD_TAGS:
            self._processes.log(process, lines.http_server(self._world.now, PEER, words, answer.status))
        else:
            peer = f"{PEER}:{40000 + self._world.next_seq() % 20000}"
            phrase = HTTPStatus(answer.status).phrase
            self._processes.log(process, lines.uvicorn(peer, words, answer.status, phrase))
