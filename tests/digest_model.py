"""A small network of many kinds of layers, for the test of what identifies a model."""

import torch
from torch import nn


class Mixed(nn.Module):
    """Convolution, normalisation, recurrence, attention, a tied embedding, and tables that its own code computes."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(8, 16, 3, padding=1)
        self.normal = nn.BatchNorm1d(16)
        self.recurrent = nn.LSTM(16, 16, batch_first=True)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.embedding = nn.Embedding(50, 16)
        self.head = nn.Linear(16, 50, bias=False)
        self.head.weight = self.embedding.weight
        powers = 10000.0 ** (torch.arange(5000, dtype=torch.float32) / 5000)  # the last bits differ with AVX2
        self.register_buffer("frequencies", 1.0 / powers, persistent=False)
        self.register_buffer("table", powers)
        self.register_buffer("order", torch.arange(16).flip(0))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Scores of the vocabulary for every token."""
        hidden, _ = self.recurrent(self.embedding(tokens)[..., self.order])
        return self.head(self.attention(hidden, hidden, hidden)[0])


def build() -> nn.Module:
    """The network."""
    return Mixed()
