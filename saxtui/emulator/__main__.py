"""python -m saxtui.emulator serve|resources|requests|play|conformance --state DIR …"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_COLUMNS = {
    "resources": ("type", "name", "project", "location"),
    "requests": ("service", "method", "status", "mutating", "path"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit code 0 done, 1 refused with one line on stderr, 2 usage."""
    arguments = _parser().parse_args(argv)
    if arguments.command == "serve":
        return _serve(arguments)
    if arguments.command == "conformance":
        return _conformance(arguments)
    if arguments.command == "play":
        return _play(arguments)
    return _show(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m saxtui.emulator", description="A Google Cloud on loopback.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve in the foreground until interrupted")
    serve.add_argument("--state", type=Path, required=True, metavar="DIR", help="token, certificates, env.sh")
    serve.add_argument("--speed", type=_speed, default=60.0, metavar="N", help="times faster than life (default 60)")
    serve.add_argument("--port", type=_port, default=0, metavar="N", help="port on 127.0.0.1; 0 = any free one")
    serve.add_argument("--scenario", metavar="NAME", help="faults to act out: a scenario's name, or a YAML file")
    serve.add_argument("--seed", type=int, default=0, metavar="N", help="chance, repeatable")
    serve.add_argument("--until-stdin-closes", action="store_true", help="stop when the parent process goes away")
    serve.add_argument("--ephemeral", action="store_true", help="with an empty DIR: delete it when it ends")
    serve.add_argument("--json", action="store_true", help="the line that says it serves as a JSON record")
    for name, text in (("resources", "list everything that exists"), ("requests", "list every answered request")):
        command = commands.add_parser(name, help=text)
        command.add_argument("--state", type=Path, required=True, metavar="DIR")
        command.add_argument("--json", action="store_true", help="one JSON record a line")
    play = commands.add_parser("play", help="let a scenario begin now in a running one; its times count from here")
    play.add_argument("scenario", metavar="NAME", help="a scenario's name, or a YAML file")
    play.add_argument("--state", type=Path, required=True, metavar="DIR")
    conformance = commands.add_parser("conformance", help="a Markdown table of the kinds of requests answered")
    conformance.add_argument("--state", type=Path, required=True, metavar="DIR")
    return parser


def _speed(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 100_000:
        raise argparse.ArgumentTypeError("must be between 0.1 and 100000")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError("must be between 0 and 65535")
    return value


def _complain(text: object) -> int:
    sys.stderr.write(f"saxtui emulator: {text}\n")
    return 1


def _serve(arguments: argparse.Namespace) -> int:
    from saxtui.emulator.scenarios import BadScenario
    from saxtui.emulator.server import Options, PortInUse
    from saxtui.emulator.state_dir import StateDir, StateError

    options = Options(arguments.speed, arguments.port, arguments.scenario, arguments.seed)
    state = StateDir(arguments.state)
    try:
        with state.ephemeral() if arguments.ephemeral else contextlib.nullcontext():
            asyncio.run(_serve_until_stopped(state, options, arguments))
    except (StateError, PortInUse, BadScenario) as error:
        return _complain(error)
    except BrokenPipeError:
        return 0  # whoever started it went away before it served
    return 0


async def _serve_until_stopped(state: Any, options: Any, arguments: argparse.Namespace) -> None:
    from saxtui.emulator.server import Server

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    async with Server(state, options) as server:
        line = json.dumps(server.record()) if arguments.json else server.line()
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        if arguments.until_stdin_closes:
            threading.Thread(target=_await_end_of_input, args=(loop, stop), daemon=True).start()
        await stop.wait()


def _await_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Read standard input to its end, in a thread, past Python's own buffering: a parent that dies closes it."""
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    if not loop.is_closed():
        loop.call_soon_threadsafe(stop.set)


def _show(arguments: argparse.Namespace) -> int:
    from saxtui.emulator.state_dir import StateDir, StateError

    try:
        records = StateDir(arguments.state).ask(arguments.command)
    except StateError as error:
        return _complain(error)
    lines = [json.dumps(record) for record in records] if arguments.json else _table(records, arguments.command)
    sys.stdout.write("".join(line + "\n" for line in lines))
    return 0


def _play(arguments: argparse.Namespace) -> int:
    from saxtui.emulator.scenarios import BadScenario, find, read
    from saxtui.emulator.state_dir import StateDir, StateError

    try:
        StateDir(arguments.state).ask("play", read(find(arguments.scenario)))
    except (BadScenario, StateError) as error:
        return _complain(error)
    return 0


def _conformance(arguments: argparse.Namespace) -> int:
    from saxtui.emulator import conformance
    from saxtui.emulator.state_dir import StateDir, StateError

    try:
        records = StateDir(arguments.state).ask("requests")
    except StateError as error:
        return _complain(error)
    sys.stdout.write(conformance.markdown(conformance.classes(records)))
    return 0


def _table(records: list[Json], command: str) -> list[str]:
    columns = _COLUMNS[command]
    rows = [[column.upper() for column in columns]]
    rows += [[str(record.get(column, "")) for column in columns] for record in records]
    widths = [max(len(row[index]) for row in rows) for index in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


if __name__ == "__main__":
    sys.exit(main())
