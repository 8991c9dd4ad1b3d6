"""Three small networks for 8 x 8 images of handwritten digits; their weights lie beside this file.

`train_digits.py` made the weights. Values of the input go from 0 to 1. The convolutional ones average over what is left
of the image, so they run at any size.
"""

from torch import nn


def mlp() -> nn.Module:
    """One hidden layer of 32."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def cnn() -> nn.Module:
    """Three convolutions of 16, 32 and 32 channels."""
    return _convolutions(16, 32, 32)


def cnn_wide() -> nn.Module:
    """Three convolutions of 32, 64 and 128 channels."""
    return _convolutions(32, 64, 128)


def _convolutions(first: int, second: int, third: int) -> nn.Module:
    return nn.Sequential(
        *_block(1, first),
        *_block(first, second),
        nn.MaxPool2d(2),
        *_block(second, third),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(third, 10),
    )


def _block(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
