"""Brings Fashion-MNIST to `data/` beside this file: from where the system has it, or from Debian's package.

python examples/fashion_mnist/prepare.py
"""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import fetch  # noqa: E402

PACKAGE, VERSION = "dataset-fashion-mnist", "0.0~git20200523.55506a9-1"
PACKAGE_SHA256 = "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0"
INSTALLED = Path("usr/share/datasets/fashion-mnist")
SHA256 = {
    "t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    "t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
    "train-images-idx3-ubyte.gz": "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
    "train-labels-idx1-ubyte.gz": "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
}


def main(data: Path = HERE / "data", root: Path = Path("/")) -> None:
    """Bring the four files, unless they are there, and check them. `root` is where the system has installed packages."""
    folder = data / PACKAGE / INSTALLED
    if (root / INSTALLED).is_dir() and not folder.exists():
        with fetch.whole(folder) as part:
            shutil.copytree(root / INSTALLED, part)
    fetch.debian_package(PACKAGE, VERSION, PACKAGE_SHA256, data)
    for name, sha256 in SHA256.items():
        fetch.check(folder / name, sha256)


if __name__ == "__main__":
    fetch.run(main)
