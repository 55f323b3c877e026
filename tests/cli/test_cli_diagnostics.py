import asyncio
import io
import os
import stat
import sys
from pathlib import Path

import pytest

from saxtui.adapters.disk.crash import write_report
from saxtui.cli.diagnostics import Diagnostics, state_dir
from saxtui.errors import ExitCode, Problem


def crash(secret: str) -> Exception:
    local_only = secret + "-local"
    try:
        raise RuntimeError(f"call failed, Authorization: Bearer {secret}") from ValueError(len(local_only))
    except RuntimeError as error:
        return error


def test_a_report_has_the_traceback_but_no_locals_and_no_secrets(tmp_path: Path) -> None:
    path = write_report(tmp_path / "state", crash("ya29.A0secret"))
    text = path.read_text()
    assert "RuntimeError" in text and "ValueError" in text and "test_cli_diagnostics" in text
    assert "A0secret" not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(("at_stake", "code"), [("", ExitCode.REFUSED), ("mine", ExitCode.BILLABLE)])
def test_a_crash_is_one_block_and_never_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], at_stake: str, code: ExitCode
) -> None:
    diagnostics = Diagnostics({"SAXTUI_STATE": str(tmp_path)})
    diagnostics.at_stake = at_stake
    assert diagnostics.crash(crash("ya29.A0secret")) is code
    said = capsys.readouterr().err
    assert "Traceback" not in said and "A0secret" not in said
    assert str(tmp_path) in said
    assert ("saxtui status -d mine" in said) == bool(at_stake)


def test_a_crash_that_cannot_be_written_still_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert Diagnostics({"SAXTUI_STATE": str(file / "x")}).crash(crash("s")) is ExitCode.REFUSED
    assert "could not be written" in capsys.readouterr().err


def test_a_problem_is_one_block(capsys: pytest.CaptureFixture[str]) -> None:
    Diagnostics({}).problem(Problem("create", "bucket b", "taken", next_step="choose another name", command="gcloud x"))
    assert capsys.readouterr().err.splitlines() == [
        "error: create bucket b: taken",
        "  answer   no code, no request id",
        "  billing  no: nothing bills because of this",
        "  next     choose another name",
        "  command  gcloud x",
    ]


@pytest.mark.parametrize(("typed", "agreed"), [("mine\n", True), (" mine \n", True), ("min\n", False), ("", False)])
async def test_consent_is_the_exact_word(typed: str, agreed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert await Diagnostics({}).ask([["really?"]], "mine") is agreed


def test_state_dir() -> None:
    assert state_dir({"SAXTUI_STATE": "/a"}) == Path("/a")
    assert state_dir({"XDG_STATE_HOME": "/b"}) == Path("/b/saxtui")
    assert state_dir({}).name == "saxtui"


async def test_a_question_does_not_hold_up_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is delivered by the event loop: it must turn while the operator thinks."""
    read, write = os.pipe()
    with os.fdopen(read) as stdin, os.fdopen(write, "w") as keyboard:
        monkeypatch.setattr(sys, "stdin", stdin)
        asking = asyncio.create_task(Diagnostics({}).ask([["really?"]], "mine"))
        turned = asyncio.Event()
        asyncio.get_running_loop().call_soon(turned.set)
        await turned.wait()
        assert not asking.done()
        keyboard.write("mine\n")
        keyboard.flush()
        assert await asking
