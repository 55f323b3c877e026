"""Servers of the OpenAI protocol."""
