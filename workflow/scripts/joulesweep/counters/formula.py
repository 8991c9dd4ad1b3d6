"""A cross-check by the formula for transformers, from the dimensions that the model declares, without running it.

With s tokens (q of them attended from), width d, a attention width, k key width, f feed-forward width, multiply-adds of a
layer are s (d a + 2 d k + a d) in the projections, 2 s s a in scores and their use, and 2 s d f in the feed-forward part,
3 s d f where it is gated (Kaplan et al. 2020, Hoffmann et al. 2022 appendix F, without the embedding's lookups, which
multiply nothing). Every score is counted, also those that a causal mask hides: the operators compute them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from joulesweep.counters import base
from joulesweep.counters.base import Subject
from joulesweep.errors import Unsupported
from joulesweep.model import inputs


@dataclass(frozen=True)
class Transformer:
    """The dimensions of a transformer: of `embedding` and `head` the multiply-adds, of the rest lengths."""

    tokens: int
    layers: int
    width: int
    attention: int
    keys: int
    feed_forward: int
    gated: bool
    embedding: int
    head: int

    def parts(self) -> dict[str, int]:
        """Multiply-adds of one example by part."""
        s, d = self.tokens, self.width
        return {
            "embedding": self.embedding,
            "projections": self.layers * s * (2 * d * self.attention + 2 * d * self.keys),
            "scores": self.layers * 2 * s * s * self.attention,
            "feed_forward": self.layers * (3 if self.gated else 2) * s * d * self.feed_forward,
            "head": self.head,
        }


class Counter(base.Counter):
    """Cross-checks transformers by the textbook formula."""

    libraries = ("torch",)
    counts = "module"
    check = True

    def point(self, subject: Subject, point: Mapping[str, Any]) -> dict[str, Any]:
        """Multiply-adds of one pass at a point, in all and by part.

        Raises:
            Unsupported: the model is none whose dimensions are known.
        """
        shape = next(iter(inputs.shapes(subject.spec, point).values()))
        parts = _described(subject.module, shape).parts()
        listed = ", ".join(f"{name.replace('_', '-')} {shape[0] * macs}" for name, macs in parts.items())
        return {"macs_formula": shape[0] * sum(parts.values()), "notes": f"formula: {listed}"}


def _described(module: Any, shape: tuple[int, ...]) -> Transformer:
    """The dimensions that a module declares, at an input of this shape: images, or tokens."""
    configuration: Any = getattr(module, "config", None)
    if len(shape) == 4 and getattr(configuration, "model_type", "") == "vit":
        return _of_images(shape, configuration.patch_size, configuration.hidden_size, configuration.intermediate_size,
                          configuration.num_hidden_layers, 1, getattr(module, "classifier", None))  # fmt: skip
    if len(shape) == 4 and type(module).__name__ == "VisionTransformer" and hasattr(module, "mlp_dim"):  # torchvision
        return _of_images(shape, module.patch_size, module.hidden_dim, module.mlp_dim, len(module.encoder.layers), 1,
                          module.heads)  # fmt: skip
    if len(shape) == 4 and type(module).__name__ == "VisionTransformer" and hasattr(module, "blocks"):  # timm
        (side, _), wide = module.patch_embed.patch_size, module.blocks[0].mlp.fc1.out_features
        return _of_images(
            shape, side, module.embed_dim, wide, len(module.blocks), module.num_prefix_tokens, module.head
        )
    if len(shape) == 2 and hasattr(configuration, "num_attention_heads") and _is_plain(configuration):
        return _of_tokens(module, configuration, shape[1])
    raise Unsupported("no transformer whose dimensions it knows")


def _is_plain(configuration: Any) -> bool:
    """Whether it is one stack of equal layers, each of which every token passes."""
    others = ("num_experts", "num_local_experts", "n_routed_experts")
    return not configuration.is_encoder_decoder and not any(getattr(configuration, name, None) for name in others)


def _of_tokens(module: Any, configuration: Any, tokens: int) -> Transformer:
    width, heads = configuration.hidden_size, configuration.num_attention_heads
    each = getattr(configuration, "head_dim", None) or width // heads
    inner = (getattr(configuration, name, None) for name in ("intermediate_size", "n_inner", "hidden_dim"))
    output = module.get_output_embeddings()
    return Transformer(
        tokens=tokens,
        layers=configuration.num_hidden_layers,
        width=width,
        attention=heads * each,
        keys=(getattr(configuration, "num_key_value_heads", None) or heads) * each,
        feed_forward=next(filter(None, inner), 4 * width),
        gated=any(name.endswith(("gate_proj", "gate_up_proj")) for name, _ in module.named_modules()),
        embedding=0,
        head=tokens * output.weight.numel() if output is not None else 0,
    )


def _of_images(
    shape: tuple[int, ...], patch: int, width: int, feed_forward: int, layers: int, prefix: int, head: Any
) -> Transformer:
    patches = math.prod(length // patch for length in shape[2:])
    return Transformer(
        tokens=patches + prefix,
        layers=layers,
        width=width,
        attention=width,
        keys=width,
        feed_forward=feed_forward,
        gated=False,
        embedding=patches * shape[1] * patch * patch * width,
        head=sum(part.weight.numel() for part in head.modules() if isinstance(part, nn.Linear)) if head else 0,
    )
