"""The sentence encoder MiniLM with an exit after one of its layers, and a linear head that tells the sentiment.

The encoder is BERT's (Devlin et al. 2019) in the size of MiniLM-L6 (Wang et al. 2020): 384 wide, 12 heads. As in the package that
brings the weights, a text's vector is the mean of its tokens' vectors.
"""

import torch
from torch import nn
from torch.nn import functional

WIDTH = 384
HEADS = 12
_HIDDEN = 1536
_WORDS = 30522
_POSITIONS = 512
_KINDS = 2
_EPSILON = 1e-12  # of the layer normalisations, as BERT has it


class Layer(nn.Module):
    """One layer: every token looks at the others, then each is transformed for itself."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.mix = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.attention_norm = nn.LayerNorm(WIDTH, _EPSILON)
        self.widen, self.narrow = nn.Linear(WIDTH, _HIDDEN), nn.Linear(_HIDDEN, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, _EPSILON)

    def forward(self, tokens: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        """Tokens [batch, sequence, width]; visible [batch, 1, 1, sequence], true where a token is no padding."""
        query, key, value = (
            part(tokens).unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        attended = functional.scaled_dot_product_attention(query, key, value, visible)
        tokens = self.attention_norm(tokens + self.mix(attended.transpose(1, 2).flatten(-2)))
        return self.norm(tokens + self.narrow(functional.gelu(self.widen(tokens))))


class Encoder(nn.Module):
    """The embeddings and the first layers; gives the mean of the tokens' vectors."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.words = nn.Embedding(_WORDS, WIDTH)
        self.positions = nn.Embedding(_POSITIONS, WIDTH)
        self.kinds = nn.Embedding(_KINDS, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, _EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Both [batch, sequence]; returns [batch, width]."""
        tokens = self.words(input_ids) + self.positions.weight[: input_ids.shape[1]] + self.kinds.weight[0]
        tokens = self.norm(tokens)
        visible = attention_mask[:, None, None, :].bool()
        for layer in self.layers:
            tokens = layer(tokens, visible)
        weights = attention_mask.unsqueeze(-1).to(tokens.dtype)
        return (tokens * weights).sum(1) / weights.sum(1)


class Classifier(nn.Module):
    """An encoder with a head for two classes."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.encoder = Encoder(layers)
        self.head = nn.Linear(WIDTH, 2)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Both [batch, sequence]; returns [batch, 2]: negative, positive."""
        return self.head(self.encoder(input_ids, attention_mask))


def build(exit_after: int) -> nn.Module:
    """The classifier that leaves the encoder after so many of its six layers."""
    return Classifier(exit_after)
