"""The commands that `kubectl exec` can run in a container of the embedded cloud, where no program really is.

A table by command name: the few below that every container has, and those that a room which plays programs adds with
`register_command` for its own images.
"""

from __future__ import annotations

import asyncio
import posixpath
import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from saxtui.emulator.kubernetes import proxy
from saxtui.emulator.kubernetes.objects import Json, whole_number
from saxtui.emulator.kubernetes.streams import files
from saxtui.emulator.world import World

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore


@dataclass(frozen=True, slots=True)
class Run:
    """One command in one container: `words` with the command's name first."""

    store: KubeStore
    pod: Json
    container: Json
    words: tuple[str, ...]

    @property
    def namespace(self) -> str:
        """The pod's."""
        return str(self.pod["metadata"]["namespace"])

    @property
    def pod_name(self) -> str:
        """The pod's."""
        return str(self.pod["metadata"]["name"])


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended: its exit code and what it wrote."""

    code: int = 0
    out: str = ""
    err: str = ""


class NotImitated(Exception):
    """No such command here; the text says which there are."""


Command = Callable[[Run], Awaitable[Done]]
_OFFER = "kubernetes.exec"


def register_command(world: World, image: str, name: str, command: Command) -> None:
    """Let containers of that image (its name without registry and tag; "" for all) run a command."""
    world.offers.setdefault(_OFFER, {})[(image, name)] = command


def _image(container: Json) -> str:
    return str(container.get("image") or "").rsplit("/", 1)[-1].split("@")[0].split(":")[0]


def known(run: Run) -> dict[str, Command]:
    """The commands of a container, by name."""
    added: dict[tuple[str, str], Command] = run.store.world.offers.get(_OFFER, {})
    image = _image(run.container)
    return {**_COMMON, **{name: each for (of, name), each in added.items() if of in ("", image)}}


async def perform(run: Run) -> Done:
    """Run a command. Raises NotImitated."""
    table = known(run)
    name = posixpath.basename(run.words[0]) if run.words else ""
    if name in ("sh", "bash") and len(run.words) == 3 and run.words[1] in ("-c", "-ec", "-lc"):
        inner = _split(run.words[2])
        if inner:
            return await perform(replace(run, words=inner))
    command = table.get(name)
    if command is None:
        choices = ", ".join(sorted(table))
        raise NotImitated(f'"{" ".join(run.words)}" is not imitated by the embedded cloud, which knows: {choices}')
    return await command(run)


def _split(line: str) -> tuple[str, ...]:
    """The words of a plain shell command; () for one with pipes, redirections or expansions."""
    if any(mark in line for mark in "|&;<>`$(){}\n"):
        return ()
    try:
        return tuple(shlex.split(line))
    except ValueError:
        return ()


async def _echo(run: Run) -> Done:
    return Done(out=" ".join(run.words[1:]) + "\n")


async def _true(_run: Run) -> Done:
    return Done()


async def _hostname(run: Run) -> Done:
    return Done(out=files.hostname(run.pod) + "\n")


async def _env(run: Run) -> Done:
    given = files.environment(run.store, run.pod, run.container)
    wanted = run.words[1:]
    if run.words[0].endswith("printenv") and wanted:
        found = [given[name] for name in wanted if name in given]
        return Done(0 if len(found) == len(wanted) else 1, "".join(f"{value}\n" for value in found))
    return Done(out="".join(f"{name}={value}\n" for name, value in given.items()))


async def _date(run: Run) -> Done:
    from datetime import UTC, datetime

    return Done(out=datetime.fromtimestamp(run.store.world.now, UTC).strftime("%a %b %e %H:%M:%S UTC %Y") + "\n")


async def _cat(run: Run) -> Done:
    there = files.tree(run.store, run.pod, run.container)
    out, err = "", ""
    for path in run.words[1:]:
        full = posixpath.normpath(posixpath.join("/", path))
        if full in there:
            out += there[full]
        elif files.is_directory(there, full):
            err += f"cat: {path}: Is a directory\n"
        else:
            err += f"cat: {path}: No such file or directory\n"
    return Done(1 if err else 0, out, err)


async def _ls(run: Run) -> Done:
    there = files.tree(run.store, run.pod, run.container)
    paths = [word for word in run.words[1:] if not word.startswith("-")] or ["/"]
    out, err = [], ""
    for path in paths:
        full = posixpath.normpath(posixpath.join("/", path))
        if full in there:
            out.append(path)
        elif files.is_directory(there, full):
            out += files.entries(there, full)
        else:
            err += f"ls: cannot access '{path}': No such file or directory\n"
    return Done(2 if err else 0, "".join(f"{name}\n" for name in out), err)


async def _nslookup(run: Run) -> Done:
    server = "Server:\t\t34.118.224.10\nAddress:\t34.118.224.10#53\n\n"
    name = run.words[1] if len(run.words) > 1 else ""
    found = files.resolve(run.store, run.namespace, name)
    if not found:
        return Done(1, f"{server}** server can't find {name}: NXDOMAIN\n\n")
    full, addresses = found
    return Done(out=server + "".join(f"Name:\t{full}\nAddress: {address}\n" for address in addresses) + "\n")


async def _curl(run: Run) -> Done:
    """`curl [-s] [-i] [-X METHOD] [-H 'Name: value'] [-d DATA] URL`, to this pod, another pod or a Service."""
    method, body, url, shown = "", b"", "", False
    headers: dict[str, str] = {}
    words = list(run.words[1:])
    while words:
        word = words.pop(0)
        if word in ("-X", "--request") and words:
            method = words.pop(0)
        elif word in ("-d", "--data", "--data-raw") and words:
            body = words.pop(0).encode()
            headers.setdefault("content-type", "application/x-www-form-urlencoded")
        elif word in ("-H", "--header") and words:
            name, _, value = words.pop(0).partition(":")
            headers[name.strip().lower()] = value.strip()
        elif word in ("-m", "--max-time", "-o", "--connect-timeout") and words:
            words.pop(0)
        elif word == "-i":
            shown = True
        elif not word.startswith("-"):
            url = word
    request = (method or ("POST" if body else "GET"), headers, body)
    return await _fetch(run, url if "://" in url else f"http://{url}", request, shown=shown)


async def _fetch(run: Run, url: str, request: tuple[str, dict[str, str], bytes], *, shown: bool) -> Done:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    place = files.connect(run.store, run.pod, host, port)
    if place is None:
        return Done(6, err=f"curl: (6) Could not resolve host: {host}\n")
    method, headers, body = request
    asked = proxy.ProxyRequest(method, parts.path or "/", parts.query, headers, body)
    store = run.store
    answer = await proxy.forward(store.world, store.key, place.namespace, place.pod, place.port, asked)
    if answer is proxy.NoAnswer.REFUSED:
        return Done(7, err=f"curl: (7) Failed to connect to {host} port {port} after 0 ms: Connection refused\n")
    if isinstance(answer, proxy.NoAnswer):
        return Done(52, err="curl: (52) Empty reply from server\n")
    head = f"HTTP/1.1 {answer.status}\n" + "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
    return Done(out=(f"{head}\n" if shown else "") + answer.body.decode(errors="replace"))


async def _sleep(run: Run) -> Done:
    """Real seconds, and few: a command that waits must not hold a test or an operator for long."""
    text = run.words[1] if len(run.words) > 1 else ""
    seconds = whole_number(text)
    if seconds is None:
        return Done(1, err=f"sleep: invalid time interval '{text}'\n")
    await asyncio.sleep(min(seconds, 10))
    return Done()


_COMMON: dict[str, Command] = {
    "cat": _cat,
    "curl": _curl,
    "date": _date,
    "echo": _echo,
    "env": _env,
    "hostname": _hostname,
    "ls": _ls,
    "nslookup": _nslookup,
    "printenv": _env,
    "sleep": _sleep,
    "true": _true,
}
