"""Short sounds of several lengths, and a small stack of GRUs."""

from kerassl import data, encoders, pretext


def sounds():
    return data.tones(num_examples=48, sample_rate=8000, seconds=0.3)


def small_recurrent(dtype):
    return encoders.recurrent(12, hidden_dim=8, num_layers=2, dtype=dtype)


def future_frames():
    return pretext.FutureFrames(sample_rate=8000, num_mels=12)
