"""Clips of speech and of music, of the same length, from the sounds of two Debian packages."""

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

RATE = 16_000  # what the detector takes
FRAMES = 64
LENGTH = FRAMES * 512  # samples of a clip, 2.048 s: whole frames of the detector
_QUIET = 0.01  # root mean square of a piece of music that is left out, since nobody would hear music in it


def speech(folder: Path, left_out: frozenset[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Name and samples of each recording of speech, its beginning where it is longer than a clip, followed by silence where it is shorter."""
    for file in sorted(folder.rglob("*.wav")):
        name = file.relative_to(folder).with_suffix("").as_posix()
        if name.split("/")[0] not in left_out:
            samples = read(file)[:LENGTH]
            yield name.replace("/", "-"), np.pad(samples, (0, LENGTH - len(samples)))


def music(folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Name and samples of pieces of music, one after the other; the rest of a track and quiet pieces are left out."""
    for file in sorted(folder.rglob("*.wav")):
        samples = read(file)
        for number in range(len(samples) // LENGTH):
            piece = samples[number * LENGTH : (number + 1) * LENGTH]
            if np.sqrt(np.mean(piece**2)) >= _QUIET:
                yield f"{file.stem}-{number:03}", piece


def read(file: Path) -> np.ndarray:
    """The samples of a sound of 8,000 samples per second, from -1 to 1, at twice that rate.

    The new samples are those of the only signal without higher frequencies that has the old ones: its Fourier transform is that of
    the old samples, followed by zeros.
    """
    with wave.open(str(file)) as opened:
        assert (opened.getframerate(), opened.getnchannels(), opened.getsampwidth()) == (RATE // 2, 1, 2), file
        samples = np.frombuffer(opened.readframes(opened.getnframes()), "<i2").astype(np.float64) / 2**15
    return np.clip(2 * np.fft.irfft(np.fft.rfft(samples), 2 * len(samples)), -1, 1)


def write(file: Path, samples: np.ndarray) -> None:
    """A WAV file with 16 bits per sample."""
    with wave.open(str(file), "wb") as opened:
        opened.setframerate(RATE)
        opened.setnchannels(1)
        opened.setsampwidth(2)
        opened.writeframes(np.round(samples * (2**15 - 1)).astype("<i2").tobytes())
