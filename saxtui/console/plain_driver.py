"""The terminal driver for terminals that show ASCII only."""

from __future__ import annotations

from saxtui.console.driver import TolerantDriver

PLAIN = str.maketrans(
    {
        **dict.fromkeys("─━═╌┄▁▂▃▔▄▀▬⎺⎽", "-"), **dict.fromkeys("│┃║▏▎▌▐▕▊▋▍▉", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝╞╡", "+"), **dict.fromkeys("█▇▆▅", "#"), **dict.fromkeys("░▒▓", ":"),
        **dict.fromkeys("·•∙", "-"), **dict.fromkeys("▶▸›❯→", ">"), **dict.fromkeys("◀‹←", "<"),
        "↑": "^", "↓": "v", "▼": "v", "▲": "!", "…": "~", "★": "*", "●": "*", "○": ".", "◐": "~", "✓": "+", "✗": "x",
        "×": "x", "–": "-", "—": "-", "’": "'", "“": '"', "”": '"', "⭘": "o", "🔎": "> ", "\xa0": " ",
    }
)  # fmt: skip
"""For str.translate: frames, bars and signs to ASCII of the same width."""


class PlainDriver(TolerantDriver):
    """Frames, bars and signs are written as ASCII of the same width; foreign text stays as it is."""

    def write(self, data: str) -> None:
        """Write with every sign the screens use made plain."""
        super().write(data.translate(PLAIN))
