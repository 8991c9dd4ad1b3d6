"""The speech detector silero-vad (16,000 samples per second) over a whole clip, in plain torch.

The network hears frames of 32 ms, each with the last 4 ms of the frame before it: a Fourier transform whose filters are weights, four
convolutions, an LSTM that remembers earlier frames, and one number per frame, the probability of speech. A clip holds speech if some
frame does, as in `over_clips.py`, which runs the package's own files.
"""

import torch
from torch import nn
from torch.nn import functional

_FRAME = 512
_CONTEXT = 64
_WIDTH = 128
_FREQUENCIES = 129


class Frames(nn.Module):
    """Cuts clips into frames."""

    def __init__(self) -> None:
        super().__init__()
        self.frame, self.context = _FRAME, _CONTEXT

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Of clips [batch, time], the frames, each with the end of the one before it: [batch, frames, context + frame]."""
        frames = samples.unflatten(1, [-1, self.frame])
        before = functional.pad(frames[:, :-1, -self.context :], [0, 0, 1, 0])
        return torch.cat((before, frames), dim=2)


class ClipDetector(nn.Module):
    """How probable it is that a clip has no speech in it, and that it has some."""

    def __init__(self) -> None:
        super().__init__()
        self.frames = Frames()
        self.fourier = nn.Conv1d(1, 2 * _FREQUENCIES, 256, stride=128, bias=False)
        self.encoder = nn.Sequential(
            *_block(_FREQUENCIES, 128, 1), *_block(128, 64, 2), *_block(64, 64, 2), *_block(64, _WIDTH, 1)
        )
        self.memory = nn.LSTM(_WIDTH, _WIDTH, batch_first=True)
        self.head = nn.Linear(_WIDTH, 1)

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Samples [batch, time] from -1 to 1, whole frames; returns [batch, 2]."""
        frames = self.frames(samples)
        each = functional.pad(frames.flatten(0, 1).unsqueeze(1), [0, _CONTEXT], "reflect")
        real, imaginary = self.fourier(each).split(_FREQUENCIES, dim=1)
        features = self.encoder((real**2 + imaginary**2).sqrt()).squeeze(-1)
        remembered, _ = self.memory(features.unflatten(0, frames.shape[:2]))
        speech = torch.sigmoid(self.head(remembered.relu())).amax(1)
        return torch.cat((1 - speech, speech), dim=1)


def _block(inputs: int, outputs: int, stride: int) -> tuple[nn.Module, ...]:
    return nn.Conv1d(inputs, outputs, 3, stride=stride, padding=1), nn.ReLU()


def build() -> nn.Module:
    """The detector."""
    return ClipDetector()
