"""The command line: one front door. `main` names the commands, `output` alone writes to stdout."""
