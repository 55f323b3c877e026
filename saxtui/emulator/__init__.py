"""The embedded cloud: pure state machines over a clock of its own, and loopback servers in front of them."""
