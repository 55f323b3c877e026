"""What every HTTP client of ours shares."""

from __future__ import annotations

import pytest

from saxtui.adapters import exchange


@pytest.mark.parametrize("timeout", [1.0, 5.0, 30.0, 120.0])
def test_no_time_out_of_httpx_ends_in_the_same_moment_as_the_whole_request(timeout: float) -> None:
    """Both would cancel the task, and a prompt in it would end as if the operator had cancelled it."""
    limits = exchange.limits(timeout)
    assert timeout not in {limits.connect, limits.read, limits.write, limits.pool}
    assert all(each is not None and each > timeout for each in (limits.read, limits.write, limits.pool))
