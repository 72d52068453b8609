"""Pretext layers for sound."""

from kerassl.pretext.audio.future_frames import FutureFrames

__all__ = ["FutureFrames"]
