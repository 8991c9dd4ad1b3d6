"""Four networks for the 28 x 28 pixels of Fashion-MNIST; their weights lie beside this file.

`train.py` made the weights. Values of the input go from 0 to 1, the outputs are one number per kind of clothes.
"""

from torch import nn

_CLASSES = 10
_SIDE = 28


def mlp() -> nn.Module:
    """One hidden layer of 64: 50,890 parameters."""
    return nn.Sequential(nn.Flatten(), nn.Linear(_SIDE**2, 64), nn.ReLU(), nn.Linear(64, _CLASSES))


def cnn_8() -> nn.Module:
    """Convolutions of 8 and 16 channels, a hidden layer of 32: 26,698 parameters."""
    return _cnn(8, 16, 32)


def cnn_16() -> nn.Module:
    """Convolutions of 16 and 32 channels, a hidden layer of 64: 105,866 parameters."""
    return _cnn(16, 32, 64)


def cnn_32() -> nn.Module:
    """Convolutions of 32 and 64 channels, a hidden layer of 128: 421,642 parameters."""
    return _cnn(32, 64, 128)


def _cnn(first: int, second: int, hidden: int) -> nn.Module:
    """Two convolutions of 3 x 3, each followed by a pooling that halves the image, and two linear layers."""
    quarter = _SIDE // 4
    return nn.Sequential(
        nn.Conv2d(1, first, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(first, second, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(second * quarter**2, hidden),
        nn.ReLU(),
        nn.Linear(hidden, _CLASSES),
    )
