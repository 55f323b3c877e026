"""The console. Whatever is imported from here finds Textual told how often it may paint."""

import os

# A key that comes right after a frame waits for two of Textual's periods: at its own 60 a second that is 33 ms.
os.environ.setdefault("TEXTUAL_FPS", "240")
