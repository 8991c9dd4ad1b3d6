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
