"""Makes docs/failures.md from tests/failures.yaml and what the last runs of the named tests came to.

python -m tests.failure_table              write the table anew
python -m tests.failure_table --run        run the named tests of the gate first
python -m tests.failure_table --run long   run the named long ones first
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TESTS = Path(__file__).parent
CATALOGUE = TESTS / "failures.yaml"
SEEN = TESTS / "failures_seen.json"
PAGE = TESTS.parent / "docs" / "failures.md"
ROWS = 94
_HEAD = """\
# Failures saxtui is built against, and the tests that stand for each

Made by `python -m tests.failure_table` from tests/failures.yaml; not to be edited. The result is that of the last run
of the row's tests on a developer's machine, with the day of the oldest of them; `--run` and `--run long` run them anew.
A test with an asterisk is a long one: the gate leaves it out.
"""

Row = dict[str, Any]


def read() -> dict[str, dict[int, Row]]:
    """Heading → number → row."""
    found: dict[str, dict[int, Row]] = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return found


def faults(catalogue: dict[str, dict[int, Row]]) -> list[str]:
    """What is wrong with the catalogue: rows that are missing, neither covered nor excused, or name no test."""
    rows = {number: row for part in catalogue.values() for number, row in part.items()}
    wrong = [f"row {number} is missing" for number in range(1, ROWS + 1) if number not in rows]
    for number, row in rows.items():
        if bool(row.get("tests")) == bool(row.get("left_out")):
            wrong.append(f"row {number} needs either tests or a reason why it is left out")
        wrong += [f"row {number}: there is no test {name}" for name in row.get("tests", ()) if not exists(name)]
        wrong += [f"row {number}: unknown key {key}" for key in set(row) - {"fails", "tests", "left_out", "but"}]
    return wrong


def exists(name: str) -> bool:
    """Whether tests/ has that file::function."""
    file, _, function = name.partition("::")
    return function in _functions(file)


def is_long(name: str) -> bool:
    """Whether all of the test is marked long."""
    file, _, function = name.partition("::")
    return "pytest.mark.long" in _functions(file).get(function, [])


@cache
def _functions(file: str) -> dict[str, list[str]]:
    """Test functions of a file → their decorators."""
    path = TESTS / file
    if not path.is_file():
        return {}
    # By lines and not by the ast module, whose C code in Python 3.11.2 fails now and then when the collector comes in.
    found: dict[str, list[str]] = {}
    above: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            above.append(line[1:].partition("  #")[0])
        elif function := re.match(r"(?:async )?def (\w+)\(", line):
            found[function[1]], above = above, []
        elif line.startswith("class "):
            above = []
    return found


def render(catalogue: dict[str, dict[int, Row]], seen: dict[str, list[str]]) -> str:
    """The page."""
    lines = [_HEAD]
    for heading, rows in catalogue.items():
        lines += [f"## {heading}", "", "| | what fails | tests | result |", "|---|---|---|---|"]
        for number, row in rows.items():
            lines.append(f"| {number} | {row['fails']} | {_tests(row)} | {_result(row, seen)} |")
        lines.append("")
    return "\n".join(lines)


def _tests(row: Row) -> str:
    if "left_out" in row:
        return f"left out: {row['left_out']}"
    names = "<br>".join(f"{name}{'*' if is_long(name) else ''}" for name in row["tests"])
    return names + (f"<br>open: {row['but']}" if "but" in row else "")


def _result(row: Row, seen: dict[str, list[str]]) -> str:
    if "left_out" in row:
        return "-"
    outcomes = [seen.get(name) for name in row["tests"]]
    known = [outcome for outcome in outcomes if outcome]
    bad = sorted({outcome[0] for outcome in known} - {"passed"})
    words = bad or (["passed"] if known else [])
    if len(known) < len(outcomes):
        words.append(f"{len(outcomes) - len(known)} not run")
    return ", ".join(words) + (f", {min(day for _, day in known)}" if known else "")


def run(long: bool) -> dict[str, list[str]]:
    """Run the named tests and remember what each came to: passed only when all of its cases did."""
    names = sorted({name for part in read().values() for row in part.values() for name in row.get("tests", ())})
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        marks = "long" if long else "not long"
        argv = [sys.executable, "-m", "pytest", "-n0", "-m", marks, "--timeout", "3600", f"--junit-xml={report}"]
        subprocess.run([*argv, *(f"tests/{name}" for name in names)], cwd=TESTS.parent, check=False)
        cases = ET.parse(report).getroot().iter("testcase")
        found: dict[str, list[str]] = {}
        day = datetime.now(UTC).strftime("%Y-%m-%d")
        for case in cases:
            file = case.get("classname", "").removeprefix("tests.").replace(".", "/") + ".py"
            name = f"{file}::{case.get('name', '').partition('[')[0]}"
            failed = case.find("failure") is not None or case.find("error") is not None
            before = found.get(name, ["passed", day])[0]
            found[name] = ["FAILED" if failed or before == "FAILED" else "passed", day]
    return {name: outcome for name, outcome in found.items() if name in names}


def results() -> dict[str, list[str]]:
    """What the last runs came to: test → outcome, day."""
    found: dict[str, list[str]] = json.loads(SEEN.read_text(encoding="utf-8")) if SEEN.exists() else {}
    return found


def main(arguments: list[str]) -> int:
    """Exit code 1 when the catalogue has faults."""
    wrong = faults(read())
    sys.stderr.writelines(f"{text}\n" for text in wrong)
    if wrong:
        return 1
    if "--run" in arguments:
        merged = {**results(), **run("long" in arguments)}
        SEEN.write_text(json.dumps(merged, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(render(read(), results()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
