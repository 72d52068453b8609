"""How well a language model tells held-out text."""
