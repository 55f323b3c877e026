"""Billing: asked only where there is an API for it, and unknown is not "no"."""

from __future__ import annotations

from typing import Any

import pytest

from saxtui.adapters.google import endpoints
from saxtui.adapters.google.projects import GoogleProjects
from saxtui.errors import Denied, Problem


class Answers:
    """A transport that answers every call alike and notes where it went."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def call(self, _method: str, url: str, *_: object) -> Any:
        self.asked.append(url)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def projects(answers: Answers, **environ: str) -> GoogleProjects:
    return GoogleProjects(answers, endpoints.read(environ))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        ({"billingEnabled": True}, True),
        ({"billingEnabled": False}, False),
        ({}, False),
        (None, None),
        (Denied(Problem("read", "billing", "403")), None),
    ],
)
async def test_what_the_api_says(answer: Any, known: bool | None) -> None:
    answers = Answers(answer)
    assert await projects(answers).billing("p") is known
    assert answers.asked == ["https://cloudbilling.googleapis.com/v1/projects/p/billingInfo"]


async def test_on_an_embedded_cloud_the_public_address_is_never_asked() -> None:
    answers = Answers({"billingEnabled": True})
    here = {"CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER": "http://127.0.0.1:1/"}
    assert await projects(answers, **here).billing("p") is None
    assert answers.asked == []
    own = {**here, "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING": "http://127.0.0.1:1/"}
    assert await projects(answers, **own).billing("p") is True
    assert answers.asked == ["http://127.0.0.1:1/v1/projects/p/billingInfo"]
