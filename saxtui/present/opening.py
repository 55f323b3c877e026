"""How the console is told what to begin with. Imports nothing: it is read before the first frame."""

URL, MODEL, OPEN = "SAXTUI_CHAT_URL", "SAXTUI_CHAT_MODEL", "SAXTUI_CHAT_DEPLOYMENT"
"""In the environment the console is opened with: begin in the chat, with this server and model of it, or with this
deployment. `saxtui chat --screen` sets them."""
