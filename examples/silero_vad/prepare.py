"""Brings silero-vad, and clips of speech and of music, to `data/` beside this file.

python examples/silero_vad/prepare.py
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import clips  # noqa: E402
import fetch  # noqa: E402
import over_clips  # noqa: E402

SILERO = (
    "silero-vad==6.2.3",
    "silero_vad-6.2.3-py3-none-any.whl",
    "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
)
IN_SILERO = "silero_vad/data/"
SPEECH = ("asterisk-core-sounds-en-wav", "1.6.1-1", "2be3ea287d83299d143815fa804f11179a75b7affd4a758b98b55f5afc18a35d")
IN_SPEECH = "usr/share/asterisk/sounds/en_US_f_Allison"
MUSIC = ("asterisk-moh-opsound-wav", "2.03-1.1", "8f9d808a729d305c2d3343993f21ca5e6829e411682618dc8ea7aa8bc24a566c")
IN_MUSIC = "usr/share/asterisk/moh"
# Sounds of the first package that are no speech.
TONES = frozenset(
    {"silence", "beep", "beeperr", "ascending-2tone", "descending-2tone", "confbridge-join", "confbridge-leave"}
)
FRAME_WISE = "silero_vad_16k_op15.onnx"
# Names of the tensors in that file, and in `model.py`.
NAMES = {
    "stft.forward_basis_buffer": "fourier.weight",
    **{f"encoder.{n}.reparam_conv.{kind}": f"encoder.{2 * n}.{kind}" for n in range(4) for kind in ("weight", "bias")},
    **{f"decoder.rnn.{name}": f"memory.{name}_l0" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")},
    "decoder.decoder.2.weight": "head.weight",
    "decoder.decoder.2.bias": "head.bias",
}


def main(data: Path = HERE / "data") -> None:
    """Write what is missing."""
    from safetensors.numpy import save_file

    package = fetch.python_package(*SILERO, data)
    for theirs, ours in ((FRAME_WISE, "clip.onnx"), ("silero_vad_half.onnx", "clip_half.onnx")):
        file = fetch.member(package, IN_SILERO + theirs, data / theirs)
        fetch.made(data / ours, partial(over_clips.graph, file))
    fetch.made(data / "weights.safetensors", lambda part: save_file(weights(data / FRAME_WISE), part))
    file = fetch.member(package, f"{IN_SILERO}silero_vad.jit", data / "silero_vad.jit")
    fetch.made(data / "clip.jit", partial(over_clips.script, file))
    fetch.made(
        data / "clips",
        lambda part: write_clips(
            part, fetch.debian_package(*SPEECH, data) / IN_SPEECH, fetch.debian_package(*MUSIC, data) / IN_MUSIC
        ),
    )


def weights(file: Path) -> dict[str, np.ndarray]:
    """The tensors of `model.py`, from the package's ONNX file."""
    import onnx

    stored = {tensor.name.removeprefix("model."): tensor for tensor in onnx.load(file).graph.initializer}
    tensors = {ours: onnx.numpy_helper.to_array(stored[theirs]) for theirs, ours in NAMES.items()}
    return {**tensors, "head.weight": tensors["head.weight"][:, :, 0]}  # a convolution of length 1 is a linear layer


def write_clips(folder: Path, speech: Path, music: Path) -> None:
    """One folder of WAV files per class."""
    for name, sounds in (("speech", clips.speech(speech, TONES)), ("music", clips.music(music))):
        (folder / name).mkdir(parents=True)
        for sound, samples in sounds:
            clips.write(folder / name / f"{sound}.wav", samples)


if __name__ == "__main__":
    fetch.run(main)
