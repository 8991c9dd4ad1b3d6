"""Trains the networks of `models.py` on the training part of Fashion-MNIST and writes their weights beside this file.

Run from the repository root, about four minutes:

    python examples/fashion_mnist/prepare.py
    PYTHONPATH=workflow/scripts python examples/fashion_mnist/train.py
"""

from collections.abc import Callable
from pathlib import Path

import models
import numpy as np
import torch
from joulesweep.datasets.fashion_mnist import read_idx
from joulesweep.model import weights
from prepare import HERE, INSTALLED, PACKAGE
from safetensors.torch import save_file
from torch import nn

EPOCHS = 3
BATCH = 128


def train(build: Callable[[], nn.Module], folder: Path) -> float:
    """Train one network, write its weights, and return its share of right answers on the test part."""
    images, labels = tensors(folder, "train")
    model = build()
    weights.draw(model)
    optimiser = torch.optim.Adam(model.parameters())
    order = torch.Generator().manual_seed(0)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(labels), generator=order).split(BATCH):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimiser.step()
    save_file(model.state_dict(), HERE / f"{build.__name__}.safetensors")
    images, labels = tensors(folder, "t10k")
    with torch.inference_mode():
        return float((model(images).argmax(1) == labels).float().mean())


def tensors(folder: Path, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """All images [examples, 1, 28, 28] of a part, and their labels [examples]."""
    images = read_idx(folder / f"{part}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte.gz")
    return torch.from_numpy(images[:, None].astype(np.float32) / 255), torch.from_numpy(labels.astype(np.int64))


if __name__ == "__main__":
    torch.set_num_threads(1)  # sums in one order
    for network in (models.mlp, models.cnn_8, models.cnn_16, models.cnn_32):
        share = train(network, HERE / "data" / PACKAGE / INSTALLED)
        print(f"{network.__name__}: {share:.1%} of the test images")
