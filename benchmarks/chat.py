"""Chat under weight: key-to-paint in a long conversation and beside a fast stream, in a real pty.

    python benchmarks/chat.py [--quick]

1. A conversation of 2,000 turns whose last but one reply is 1 MB of Markdown: time to open, and keys that scroll.
   Measured against the same program with a conversation of 20 short turns: the ratio says what size costs.
2. A reply of 20,000 tokens streamed at 500 tokens/s: keys typed into the prompt meanwhile, and processor time.
   Measured against Textual's own MarkdownStream in a VerticalScroll, fed at the same rate.

Repetitions are interleaved. Aim: p95 at most 50 ms, where the machine is otherwise idle; ratios hold on any.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.pty_bench import Program, environment, interleave, percentile, summary  # noqa: E402

SERVER = """
import asyncio, json, sys
from aiohttp import web

rate, tokens = float(sys.argv[1]), int(sys.argv[2])

async def models(request):
    return web.json_response({"data": [{"id": "streamer"}]})

async def answer(request):
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    loop = asyncio.get_running_loop()
    begun, sent = loop.time(), 0
    while sent < tokens:
        due = min(tokens, int((loop.time() - begun) * rate) + 1)
        for number in range(sent, due):
            text = WORDS(number)
            await response.write(b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\\n\\n")
        sent = due
        await asyncio.sleep(0.02)
    await response.write(b"data: [DONE]\\n\\n")
    return response

async def main():
    app = web.Application()
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""  # noqa: E501
WORDS = """
def WORDS(number):
    at = number % 240
    if at == 0:
        return "\\n\\n## heading of a part\\n\\n"
    if at in (80, 84, 88):
        return "\\n- an item "
    if at == 120:
        return "\\n\\n```python\\nfor each in things:\\n    "
    if at == 160:
        return "\\n```\\n\\n"
    return "**bold** " if at % 40 == 7 else "word "
"""
BASELINE = (
    WORDS
    + """
import asyncio, sys
from textual.app import App
from textual.containers import VerticalScroll
from textual.widgets import Input, Markdown

rate, tokens = float(sys.argv[1]), int(sys.argv[2])

class Baseline(App):
    def compose(self):
        with VerticalScroll():
            yield Markdown()
        yield Input(placeholder="baseline-is-up")

    def on_mount(self):
        self.query_one(Input).focus()
        self.query_one(VerticalScroll).anchor()

    def on_input_submitted(self):
        self.query_one(Input).value = ""
        self.run_worker(self.feed())

    async def feed(self):
        stream = Markdown.get_stream(self.query_one(Markdown))
        loop = asyncio.get_running_loop()
        begun, sent = loop.time(), 0
        while sent < tokens:
            due = min(tokens, int((loop.time() - begun) * rate) + 1)
            for number in range(sent, due):
                await stream.write(WORDS(number))
            sent = due
            await asyncio.sleep(0.02)
        await stream.stop()

Baseline().run()
"""
)
LIMIT = 50.0
_ANY = b"\x1b["
_SCROLLING = [b"k"] * 6 + [b"\x1b[5~"] * 3 + [b"j"] * 6 + [b"\x1b[6~"] * 2


async def fill(state: str, url: str, turns: int, megabytes: float) -> None:
    """Write a conversation into a fresh state folder."""
    from saxtui.adapters.disk.clock import SystemClock
    from saxtui.adapters.disk.conversations import Conversations
    from saxtui.model.conversation import Conversation, Turn, TurnState
    from saxtui.model.conversation_file import to_json
    from saxtui.model.serving import Candidate

    words: dict[str, object] = {}
    exec(WORDS, words)
    made = words["WORDS"]
    assert callable(made)
    long = "".join(made(number) for number in range(int(megabytes * 1e6 / 5)))
    now = time.time()
    rows = [
        Turn(
            0, 0, f"question {number} of many, please", TurnState.ANSWERED, now, seconds=1.0, model="streamer",
            candidates=(Candidate(long if number == turns - 2 else f"Answer **{number}**\n\n- one\n- two", None),),
        )
        for number in range(turns)
    ]  # fmt: skip
    path = Path(state, "in.json")
    import json

    path.write_text(json.dumps(to_json(Conversation(0, url, "streamer", "heavy", now, now), rows)))  # noqa: ASYNC240
    book = Conversations(Path(state, "conversations.sqlite3"), SystemClock())
    await book.read_import(str(path), url)
    await book.close()


def console(url: str, state: str) -> Program:
    """saxtui's chat screen, talking to the server."""
    argv = [sys.executable, "-m", "saxtui", "chat", "--openai", url, "--screen"]
    return Program(argv, env=environment(SAXTUI_STATE=state))


def scroll(url: str, state: str, keys: int, opened: list[float]) -> list[float]:
    """Open a conversation, let it settle, and scroll it up and down."""
    found: list[float] = []
    with console(url, state) as app:
        opened.append(app.wait_for(b"Answer"))
        app.rest(3.0)
        app.press(b"\t")
        app.rest(1.0)
        while len(found) < keys:
            found.append(app.key_to_paint(_SCROLLING[len(found) % len(_SCROLLING)], _ANY))
            app.rest(0.05)
    return found


def stream(app: Program, up: bytes, keys: int, cpu: list[float], seconds: float) -> list[float]:
    """Start the stream, then type a letter and take it back, again and again."""
    found: list[float] = []
    with app:
        app.wait_for(up)
        app.rest(2.0)
        app.press(b"go\r")
        app.rest(1.0)
        begun, used = time.perf_counter(), app.cpu()
        while len(found) < keys and time.perf_counter() - begun < seconds - 2:
            try:
                found.append(app.key_to_paint(b"Q", b"Q", timeout=10.0))
            except TimeoutError:
                found.append(10.0)
            app.press(b"\x7f")
            app.rest(0.1)
        left = seconds - 1.5 - (time.perf_counter() - begun)
        app.rest(max(0.1, left))
        cpu.append((app.cpu() - used) / (time.perf_counter() - begun))
    return found


def main() -> None:
    """Measure and print."""
    quick = "--quick" in sys.argv
    tokens, rate = (4_000, 500.0) if quick else (20_000, 500.0)
    repetitions, keys = (1, 60) if quick else (3, 100)
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(scratch, "server.py")
        program.write_text(WORDS + SERVER)
        argv = [sys.executable, str(program), str(rate), str(tokens)]
        server = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment())
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            weigh(url, scratch, repetitions, keys)
            race(url, scratch, repetitions, keys, rate, tokens)
        finally:
            os.kill(server.pid, signal.SIGKILL)
            server.wait()


def weigh(url: str, scratch: str, repetitions: int, keys: int) -> None:
    """Part 1: a long conversation against a short one."""
    opened: dict[str, list[float]] = {"heavy": [], "short": []}
    states = {name: str(Path(scratch, name)) for name in opened}
    for name, (turns, megabytes) in {"heavy": (2_000, 1.0), "short": (20, 0.002)}.items():
        Path(states[name]).mkdir()
        asyncio.run(fill(states[name], url, turns, megabytes))
    figures = interleave(
        {name: lambda name=name: scroll(url, states[name], keys, opened[name]) for name in opened},  # type: ignore[misc]
        repetitions,
    )
    print("2,000 turns and a reply of 1 MB, against 20 short turns")
    for name, values in figures.items():
        print(summary(f"scroll {name}", values))
        print(summary(f"open {name}", opened[name], "s", 1.0))
    verdict("scroll", figures["heavy"], figures["short"])


def race(url: str, scratch: str, repetitions: int, keys: int, rate: float, tokens: int) -> None:
    """Part 2: a fast stream, against MarkdownStream."""
    baseline = Path(scratch, "baseline.py")
    baseline.write_text(BASELINE)
    seconds = tokens / rate
    cpu: dict[str, list[float]] = {"saxtui": [], "baseline": []}
    count = 0

    def ours() -> list[float]:
        nonlocal count
        count += 1
        state = str(Path(scratch, f"stream{count}"))
        return stream(console(url, state), b"Nothing said yet", keys, cpu["saxtui"], seconds)

    def theirs() -> list[float]:
        argv = [sys.executable, str(baseline), str(rate), str(tokens)]
        return stream(Program(argv), b"baseline-is-up", keys, cpu["baseline"], seconds)

    figures = interleave({"saxtui": ours, "baseline": theirs}, repetitions)
    print(f"\n{tokens} tokens streamed at {rate:.0f}/s, against Textual's MarkdownStream")
    for name, values in figures.items():
        print(summary(f"key {name}", values), f" cpu {sum(cpu[name]) / len(cpu[name]):.2f} of a core")
    verdict("typing", figures["saxtui"], figures["baseline"])


def verdict(what: str, ours: list[float], other: list[float]) -> None:
    """The figure the benchmark is about."""
    p95 = percentile(ours, 95) * 1e3
    ratio = percentile(ours, 95) / percentile(other, 95)
    print(
        f"{what}: p95 {p95:.1f} ms (aim {LIMIT:.0f}: {'met' if p95 <= LIMIT else 'missed'}), {ratio:.2f} of the other"
    )


if __name__ == "__main__":
    main()
