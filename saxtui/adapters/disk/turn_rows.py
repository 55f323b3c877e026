"""Turns as rows of the chat's memory, and who is at work on one."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from saxtui.model.conversation import Turn, TurnState
from saxtui.model.conversation_file import sampling_of
from saxtui.model.serving import Candidate

COLUMNS = (
    "id, conversation, prompt, state, at, sampling, candidates, seconds, said, model, partial, first, tokens, pair, "
    "wanted, replaced, pid, born"
)


def read(db: sqlite3.Connection, where: str, *values: Any) -> list[Turn]:
    """The turns that `where` (an SQL condition) holds for, in order, with what has come of answers on their way."""
    rows = db.execute(f"SELECT {COLUMNS} FROM turns WHERE {where} ORDER BY id", values).fetchall()
    return [_turn(db, row) for row in rows]


def insert(db: sqlite3.Connection, turn: Turn) -> int:
    """Write a turn as this process's; returns its id."""
    pid, born = me()
    cursor = db.execute(
        f"INSERT INTO turns ({COLUMNS.removeprefix('id, ')}) VALUES ({', '.join('?' * 17)})",
        (turn.conversation, turn.prompt, turn.state.value, turn.at, _sampling_text(turn),
         candidates_text(turn.candidates), turn.seconds, turn.said, turn.model, turn.partial, turn.first, turn.tokens,
         turn.pair, turn.wanted, turn.replaced, pid, born),
    )  # fmt: skip
    return cursor.lastrowid or 0


def _sampling_text(turn: Turn) -> str:
    """The parameters as they are kept."""
    return json.dumps(asdict(turn.sampling) if turn.sampling else None)


def candidates_text(candidates: Iterable[Candidate]) -> str:
    """Candidates as they are kept."""
    return json.dumps([[item.text, item.score] for item in candidates], ensure_ascii=False)


def pieces(db: sqlite3.Connection, turn: int) -> str:
    """What has come of an answer so far."""
    return "".join(row[0] for row in db.execute("SELECT text FROM pieces WHERE turn = ? ORDER BY rowid", (turn,)))


def me() -> tuple[int, str]:
    """This process, as `born` tells it from later ones with its number."""
    pid = os.getpid()
    return pid, _born(pid)


def _turn(db: sqlite3.Connection, row: tuple[Any, ...]) -> Turn:
    (number, conversation, prompt, state, at, sampling, candidates, seconds, said, model, partial, first, tokens, pair,
     wanted, replaced, pid, born) = row  # fmt: skip
    state = TurnState(state)
    if state is TurnState.SENT:
        partial = pieces(db, number)
        if not _alive(pid, born):
            state, said = TurnState.UNANSWERED, "saxtui ended before an answer came"
    return Turn(
        id=number, conversation=conversation, prompt=prompt, state=state, at=at,
        sampling=sampling_of(json.loads(sampling)),
        candidates=tuple(Candidate(text, score) for text, score in json.loads(candidates)),
        seconds=seconds, said=said, model=model, partial=partial, first=first, tokens=tokens, pair=pair, wanted=wanted,
        replaced=bool(replaced),
    )  # fmt: skip


def _alive(pid: int, born: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return not born or _born(pid) == born
    return not born or _born(pid) == born


def _born(pid: int) -> str:
    """When a process was started, as Linux counts it since this boot; "" where that cannot be read."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # The name, in parentheses, may hold anything; the start is the 20th field after it (man 5 proc).
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return f"{boot} {int(fields[19])}"
    except (OSError, ValueError, IndexError):
        return ""
