"""Models and prompts: published, loaded, asked, measured."""
