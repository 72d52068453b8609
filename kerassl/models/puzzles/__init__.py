"""Puzzles: what was done to an image is told from its tiles."""

from kerassl.models.puzzles.puzzle import Puzzle

__all__ = ["Puzzle"]
