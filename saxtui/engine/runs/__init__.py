"""Whole runs: plan, up, down, pause, and what keeps them safe across machines."""
