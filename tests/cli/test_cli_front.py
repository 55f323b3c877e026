"""What every command shares: how a failure is told when other things of the deployment may bill."""

import json
import os

import pytest

from saxtui.cli.front import Front
from saxtui.errors import ExitCode, Problem


@pytest.mark.parametrize(
    ("code", "may_bill", "told"),
    [
        (ExitCode.REFUSED, False, False),
        (ExitCode.USAGE, False, False),
        (ExitCode.BILLABLE, False, True),
        (ExitCode.BILLABLE, None, None),
        (ExitCode.DOUBT, False, None),
        (ExitCode.DOUBT, True, True),
    ],
)
def test_a_refused_step_does_not_say_that_nothing_bills(
    capsys: pytest.CaptureFixture[str], code: ExitCode, may_bill: bool | None, told: bool | None
) -> None:
    front = Front(os.environ, lambda environ: 0)
    front.out.as_json = True
    assert front.failed(Problem("create", "pool tpu2", "no capacity", may_bill=may_bill), code) == code
    out, err = capsys.readouterr()
    assert json.loads(out)["problem"]["may_bill"] is told
    word = {True: "yes", False: "no", None: "unknown"}[told]
    assert f"  billing  {word}" in err
