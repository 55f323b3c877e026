"""saxtui: a console that serves large language models on TPU slices with Saxml on GKE."""

__version__ = "0.1.0"
