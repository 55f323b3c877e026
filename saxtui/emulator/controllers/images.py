"""Which container images can be pulled, and how big they are; and what the scenario has against them."""

from __future__ import annotations

import re

from saxtui.emulator import scenarios
from saxtui.emulator.controllers.base import image_name, image_tag
from saxtui.emulator.world import World

# Tags seen in public manifests and documentation; sax-http never had a v1.1.0.
_SAX_TAGS = {
    "sax-admin-server": ("v1.0.0", "v1.1.0", "v1.2.0", "nightly"),
    "sax-model-server": ("v1.0.0", "v1.1.0", "v1.2.0", "nightly"),
    "sax-http": ("v1.0.0", "v1.2.0", "nightly"),
    "sax-util": ("v1.0.0", "v1.1.0"),
}


def pull_problem(world: World, image: str) -> str:
    """containerd's words when the registry has no such tag (or the scenario says so), "" when it can be pulled."""
    for fault in scenarios.states(world, "image-pull-fails"):
        if re.search(fault["image"], image):
            return f'failed to pull and unpack image "{image}": {fault["message"]}'
    tags = _SAX_TAGS.get(image_name(image))
    if tags is None or "@" in image or image_tag(image) in tags:
        return ""
    return f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'


def slow_readiness(world: World, image: str) -> float:
    """Seconds by which containers of that image pass their readiness probe later."""
    slow = (fault for fault in scenarios.states(world, "slow-readiness") if re.search(fault["image"], image))
    return max((float(fault["seconds"]) for fault in slow), default=0.0)


def size_mb(image: str) -> int:
    """A believable size, for the words of the Pulled event."""
    return {"sax-model-server": 4870, "sax-admin-server": 1130, "sax-http": 1420}.get(image_name(image), 74)
