"""One screen a mode, each with the commands that work on it, and help."""
