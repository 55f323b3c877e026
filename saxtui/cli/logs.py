"""`logs`: print, filter, fold or save what the selected pods write."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from saxtui.cli.front import Front
from saxtui.cli.options import deployment_option, json_option
from saxtui.errors import ExitCode
from saxtui.model.log_batch import LogBatch, line_of
from saxtui.present import logs as present_logs
from saxtui.present.log_fold import Fold, Group, hosts_words, ranges
from saxtui.present.log_pattern import LogPattern
from saxtui.present.times import clock
from saxtui.present.words import age

if TYPE_CHECKING:
    from saxtui.engine.session import LogSelection, Session
    from saxtui.model.cluster import LogLine

_AGO = re.compile(r"(\d+)([smhd])")
_UNIT = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _since(now: float, text: str) -> float:
    """`10m` ago, or an ISO time, in epoch seconds. Raises click.UsageError."""
    found = _AGO.fullmatch(text)
    if found:
        return now - int(found[1]) * _UNIT[found[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise click.UsageError(f"--since is 30s, 10m, 2h, 1d or an ISO time, not {text!r}") from None


async def require_slice(session: Session, index: int | None) -> None:
    """Raises click.UsageError for a slice that is neither planned nor there: nothing would be said of it, for ever."""
    if index is None or index < session.deployment.slices.count or index in (await session.look()).slices:
        return
    raise click.UsageError(f"there is no slice {index}; there are 0 to {session.deployment.slices.count - 1}")


@click.command("logs")
@deployment_option
@click.argument("pod", required=False, default="")
@click.option("--slice", "slice_index", type=click.IntRange(min=0), help="All hosts of one slice.")
@click.option("--primaries", is_flag=True, help="Host 0 of every slice.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--previous", "-p", is_flag=True, help="Of the container that ran before the present one.")
@click.option("--tail", type=click.IntRange(min=0), help="Only the last N lines of each pod.")
@click.option("--since", default="", metavar="WHEN", help="Only what is younger: 10m, 2h, or an ISO time.")
@click.option("--grep", default="", metavar="PATTERN", help="Only lines in which this regular expression is found.")
@click.option("--ignore-case", "-i", is_flag=True, help="Capitals do not matter to --grep.")
@click.option("--fold", is_flag=True, help="Equal lines of several hosts as one; the odd host stands out.")
@click.option("--timestamps", is_flag=True, help="The time before each line.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write the lines to a new FILE.")
@json_option
@click.pass_obj
def logs(
    front: Front, named: str | None, pod: str, slice_index: int | None, primaries: bool, follow: bool, previous: bool,
    tail: int | None, since: str, grep: str, ignore_case: bool, fold: bool, timestamps: bool, save: Path | None,
) -> int:  # fmt: skip
    """Print logs of one POD (or a prefix of its name), one slice, the primaries, or every host."""
    if sum((bool(pod), slice_index is not None, primaries)) > 1:
        raise click.UsageError("choose one of POD, --slice and --primaries")
    if previous and follow:
        raise click.UsageError("the log of a container that has ended cannot be followed")
    if fold and save:
        raise click.UsageError("choose one of --fold and --save: a file gets every line")
    pattern = LogPattern(grep, regex=True, case=not ignore_case)
    if pattern.fault:
        raise click.UsageError(f"--grep {grep!r} is no regular expression: {pattern.fault}")
    if since:
        _since(0.0, since)
    front.endless = follow

    async def work(session: Session) -> int:
        from saxtui.engine.session import LogSelection

        await require_slice(session, slice_index)
        selection = LogSelection(pod=pod, slice=slice_index, primaries=primaries, previous=previous)
        start = _since(session.cloud.clock.now(), since) if since else None
        tagged = not pod
        if save is not None:
            await _save(front, session, selection, pattern, save, follow=follow, tail=tail, since=start)
        elif fold:
            await _fold(front, session, selection, pattern, timestamps, follow=follow, tail=tail, since=start)
        else:
            await _each(
                session, selection, pattern, lambda line: _print(front, line, tagged=tagged, timestamps=timestamps),
                follow=follow, tail=tail, since=start,
            )  # fmt: skip
        return int(ExitCode.DONE)

    return front.with_session(named, work)


async def _batches(
    session: Session, selection: LogSelection, pattern: LogPattern, take: Callable[[LogBatch, list[int]], None],
    **which: Any,
) -> None:  # fmt: skip
    """Give `take` each batch with the indexes of its lines that are wanted; a gap mark always is."""
    async with aclosing(session.log_batches(selection, **which)) as batches:
        async for batch in batches:
            wanted = list(range(len(batch)))
            if pattern:
                found = set(pattern.among(b"\n".join(batch.texts).decode()))
                wanted = [at for at in wanted if at in found or batch.which[at] < 0]
            take(batch, wanted)


async def _each(
    session: Session, selection: LogSelection, pattern: LogPattern, take: Callable[[LogLine], None], **which: Any
) -> None:
    def lines(batch: LogBatch, wanted: list[int]) -> None:
        for at in wanted:
            take(line_of(batch.sources, batch.which[at], batch.stamps[at], batch.texts[at]))

    await _batches(session, selection, pattern, lines, **which)


def _print(front: Front, line: LogLine, *, tagged: bool, timestamps: bool) -> None:
    row = present_logs.row(line)
    front.out.record(
        "gap" if line.gap else "log", pod=line.pod, slice=line.slice, host=line.host, at=line.at, text=line.text
    )
    if not front.out.as_json:
        front.out.line(
            (f"{row.time}  " if timestamps else "", "dim"), (f"{row.tag:<5} " if tagged else "", "busy"), row.text
        )


async def _fold(
    front: Front, session: Session, selection: LogSelection, pattern: LogPattern, timestamps: bool, **which: Any
) -> None:
    """A group is printed when it can grow no more: ten seconds of the log later, or at the end."""
    fold, number = Fold(), 0

    def take(batch: LogBatch, wanted: list[int]) -> None:
        nonlocal number
        for at in wanted:
            source = batch.sources[~batch.which[at] if batch.which[at] < 0 else batch.which[at]]
            fold.add(number, source, batch.stamps[at], batch.texts[at].decode(), gap=batch.which[at] < 0)
            number += 1
        done = 0
        while done < len(fold.groups) and fold.groups[done].closed:
            _print_group(front, fold, fold.groups[done], timestamps)
            done += 1
        if done:
            fold.forget(fold.groups[done].number if done < len(fold.groups) else number)

    await _batches(session, selection, pattern, take, **which)
    for group in fold.groups:
        group.closed = True
        _print_group(front, fold, group, timestamps)
    for host, seconds in fold.silent():
        front.out.line((f"{ranges([host])} silent for {age(seconds)}", "warn"))
        front.out.record("silent", slice=host[0], host=host[1], seconds=seconds)


def _print_group(front: Front, fold: Fold, group: Group, timestamps: bool) -> None:
    hosts = sorted(group.hosts)
    odd = fold.odd(group)
    front.out.record(
        "folded", at=group.at, text=group.text, count=len(hosts), same=group.same, odd=odd, gap=not group.template,
        hosts=[{"slice": index, "host": host, "pod": pod} for index, host, pod in hosts],
    )  # fmt: skip
    if front.out.as_json:
        return
    who = f"x{len(hosts)}" if len(hosts) > 1 else ranges(hosts)
    told = "  <- only this host" if odd else f"  {hosts_words(hosts, fold.last)}" if len(hosts) > 1 else ""
    front.out.line(
        (f"{clock(group.at)}  " if timestamps else "", "dim"), (f"{who:<5} ", "busy"), group.text,
        (told, "warn" if odd else "dim"),
    )  # fmt: skip


async def _save(
    front: Front, session: Session, selection: LogSelection, pattern: LogPattern, path: Path, **which: Any
) -> None:
    count = 0
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as error:
        raise click.UsageError(f"cannot write {path}: {error.strerror}") from error

    def take(batch: LogBatch, wanted: list[int]) -> None:
        nonlocal count
        for at in wanted:
            index = batch.which[at]
            tag = present_logs.tag_of(batch.sources[~index if index < 0 else index]) + (" gap:" if index < 0 else "")
            file.write(b"%sZ %s %s\n" % (batch.stamps[at], tag.encode(), batch.texts[at]))
        count += len(wanted)

    try:
        with file:
            await _batches(session, selection, pattern, take, **which)
    finally:
        front.out.line(f"{count} lines written to {path}")
        front.out.record("saved", path=str(path), lines=count)
