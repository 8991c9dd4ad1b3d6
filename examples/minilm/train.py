"""Trains the head of each exit on the training part of the texts, the encoder unchanged, and writes `heads.safetensors`.

Run from the repository root, about four minutes on two cores:

    python examples/minilm/prepare.py
    python examples/minilm/train.py
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from model import Encoder
from prepare import EXITS, HERE, encoder
from safetensors.torch import load_file, save_file
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

LENGTH = 32
BATCH = 128


def main(data: Path = HERE / "data") -> None:
    """Train, write, and print the share of right answers on the test part."""
    stored = load_file(data / "model.safetensors")
    (train_texts, train_labels), (test_texts, test_labels) = (_read(data / f"{part}.csv") for part in ("train", "test"))
    heads = {}
    for layers in EXITS:
        network = Encoder(layers).eval()
        network.load_state_dict(encoder(stored, layers))
        head = LogisticRegression(max_iter=1000).fit(_vectors(network, train_texts, data), train_labels)
        share = head.score(_vectors(network, test_texts, data), test_labels)
        print(f"exit after layer {layers}: {share:.1%} of the test texts")
        for kind, values in (("weight", head.coef_), ("bias", head.intercept_)):
            half = (
                torch.from_numpy(values.astype(np.float32)) / 2
            )  # the softmax of ± half of it is the logistic function of it
            heads[f"exit_{layers}.{kind}"] = torch.cat((-half, half))
    save_file(heads, HERE / "heads.safetensors")


def _vectors(network: Encoder, texts: list[str], data: Path) -> np.ndarray:
    """The vector of each text, [texts, width]."""
    with torch.inference_mode():
        return torch.cat([network(*tokens) for tokens in _batches(texts, data)]).numpy()


def _batches(texts: list[str], data: Path) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Tokens and mask of a batch of texts, each [batch, sequence]; cut and padded as the configuration does."""
    tokenizer = Tokenizer.from_file(str(data / "tokenizer.json"))
    tokenizer.enable_padding(length=LENGTH)
    tokenizer.enable_truncation(LENGTH)
    for start in range(0, len(texts), BATCH):
        encoded = tokenizer.encode_batch(texts[start : start + BATCH])
        yield torch.tensor([each.ids for each in encoded]), torch.tensor([each.attention_mask for each in encoded])


def _read(file: Path) -> tuple[list[str], list[int]]:
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return [row["text"] for row in rows], [int(row["label"]) for row in rows]


if __name__ == "__main__":
    main()
