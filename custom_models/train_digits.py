"""Trains the networks of `digits.py` on the training part of the digits and writes their weights beside this file.

Run from the repository root, under a minute on two cores:

    PYTHONPATH=workflow/scripts python custom_models/train_digits.py
"""

from collections.abc import Callable
from pathlib import Path

import digits
import numpy as np
import torch
from joulesweep.datasets.base import Examples
from joulesweep.datasets.digits import DataSet
from joulesweep.model import weights
from safetensors.torch import save_file
from torch import nn

EPOCHS = 40
BATCH = 64


def train(build: Callable[[], nn.Module], name: str) -> float:
    """Train one network, write its weights, and return its share of right answers on the test part."""
    inputs, labels = tensors(DataSet({}).train())
    model = build()
    weights.draw(model)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    steps = EPOCHS * -(-len(labels) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=1e-2, total_steps=steps)
    order = torch.Generator().manual_seed(0)
    model.train()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(labels), generator=order).split(BATCH):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(inputs[batch]), labels[batch]).backward()
            optimiser.step()
            schedule.step()
    model.eval()
    save_file(model.state_dict(), Path(__file__).with_name(f"digits_{name}.safetensors"))
    inputs, labels = tensors(DataSet({}).test())
    with torch.inference_mode():
        return float((model(inputs).argmax(1) == labels).float().mean())


def tensors(examples: Examples) -> tuple[torch.Tensor, torch.Tensor]:
    """All images [examples, 1, 8, 8] and their labels [examples]."""
    images = [examples.read(place)["image"] for place in range(len(examples))]
    return torch.from_numpy(np.stack(images)), torch.from_numpy(examples.labels)


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    for build, name in ((digits.mlp, "mlp"), (digits.cnn, "cnn"), (digits.cnn_wide, "cnn_wide")):
        print(f"{name}: {train(build, name):.1%} of the test images")
