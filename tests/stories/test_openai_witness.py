"""The OpenAI client against a real, well-kept server of that protocol, where one is installed: LiteLLM's proxy.

`pip install 'litellm[proxy]'` into a throwaway environment and put its `litellm` on the PATH.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from saxtui.adapters.openai.client import OpenAiClient
from saxtui.errors import CallError, Unreachable
from saxtui.model.serving import Sampling
from saxtui.model.talk import Ask

LITELLM = shutil.which("litellm")
SAID = "Seven: Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday."
KEY = "sk-witness"
CONFIG = f"""
model_list:
  - model_name: mock-model
    litellm_params: {{model: openai/mock, api_key: unused, mock_response: "{SAID}"}}
general_settings: {{master_key: {KEY}}}
"""

pytestmark = [
    pytest.mark.witness, pytest.mark.long, pytest.mark.skipif(LITELLM is None, reason="litellm is not installed")
]  # fmt: skip


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A proxy of its own on loopback that answers one sentence."""
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    environ = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(LITELLM), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)],
            env=environ, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


async def test_names_whole_and_streamed_answers(address: str) -> None:
    client = OpenAiClient(address, {"SAXTUI_OPENAI_KEY": KEY})
    deadline = time.monotonic() + 100
    while True:
        try:
            assert await client.names() == ["mock-model"]
            break
        except Unreachable:
            assert time.monotonic() < deadline, "the proxy does not come up"
            await asyncio.sleep(0.5)
    ask = Ask("How many days are in a week?", sampling=Sampling(temperature=0.2, max_steps=64), system="be brief")
    answer = await client.generate(ask)
    assert answer.text == SAID
    assert answer.tokens
    pieces = [piece async for piece in client.stream(ask)]
    assert len(pieces) > 3, "it did not stream"
    assert "".join(piece.text for piece in pieces) == SAID
    assert pieces[-1].answer is not None
    assert pieces[-1].answer.text == SAID
    await client.close()
    stranger = OpenAiClient(address, {"SAXTUI_OPENAI_KEY": "sk-wrong"})
    with pytest.raises(CallError) as refused:
        await stranger.generate(ask)
    assert "sk-wrong" not in repr(refused.value.problem)
    await stranger.close()
