"""Which container images can be pulled, and how long that takes. Pure."""

from __future__ import annotations

from saxtui.emulator.controllers.base import image_name, image_tag

# Tags seen in public manifests and documentation; sax-http never had a v1.1.0.
_SAX_TAGS = {
    "sax-admin-server": ("v1.0.0", "v1.1.0", "v1.2.0", "nightly"),
    "sax-model-server": ("v1.0.0", "v1.1.0", "v1.2.0", "nightly"),
    "sax-http": ("v1.0.0", "v1.2.0", "nightly"),
    "sax-util": ("v1.0.0", "v1.1.0"),
}


def pull_problem(image: str) -> str:
    """containerd's words when the registry has no such tag, "" when the image can be pulled."""
    tags = _SAX_TAGS.get(image_name(image))
    if tags is None or "@" in image or image_tag(image) in tags:
        return ""
    return f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'


def size_mb(image: str) -> int:
    """A believable size, for the words of the Pulled event."""
    return {"sax-model-server": 4870, "sax-admin-server": 1130, "sax-http": 1420}.get(image_name(image), 74)
