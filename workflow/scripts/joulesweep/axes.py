"""The axes of a sweep. Each is a column of every table of points, a key of `sweeps:`, and a name for lengths in a shape.

A new axis is an entry here and its name in the schema of the configuration; everything else loops over these names. As
for the columns of the tables, `SCHEMA` represents this file in the digests of code.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """One axis of a sweep.

    Attributes:
        name: what config.yaml, points, tables and figures call it.
        meaning: of its column, the unit included.
        label: under a figure.
        aliases: other names that config.yaml accepts.
        scales: whether lengths of one input may differ and are scaled together: the axis is the smallest of them.
        bounded: whether models often hold weights for every value (positions), so that only smaller values surely run.
    """

    name: str
    meaning: str
    label: str
    aliases: tuple[str, ...] = ()
    scales: bool = False
    bounded: bool = False


BATCH = Axis("batch", "examples per pass", "batch (examples per pass)")
SIZE = Axis(
    "size",
    "smaller side of the input image in pixels, the other side scaled with it; empty where the input is no image",
    "input size (pixels of the smaller side)",
    scales=True,
)
HEIGHT = Axis("height", "height of the input in pixels or bands, where the shape names it", "input height")
WIDTH = Axis("width", "width of the input in pixels or columns, where the shape names it", "input width")
FRAMES = Axis(
    "frames",
    "frames of a video or slices of a volume, where the shape names them",
    "frames",
    aliases=("depth",),
    bounded=True,
)
SEQUENCE = Axis(
    "sequence",
    "length of the input in tokens or samples; empty where the input is no sequence",
    "sequence length (tokens or samples)",
    aliases=("time",),
    bounded=True,
)
THREADS = Axis("threads", "threads that the runtime was given", "threads")

# In the order of the tables' columns.
ALL = {axis.name: axis for axis in (BATCH, SIZE, HEIGHT, WIDTH, FRAMES, SEQUENCE, THREADS)}
AXES = tuple(ALL)
# Those that a shape has beside the batch.
INPUT_AXES = tuple(name for name in AXES if name not in (BATCH.name, THREADS.name))

_ALIASES = {alias: axis.name for axis in ALL.values() for alias in axis.aliases}


def canonical(name: str) -> str:
    """The name under which the tables know an axis."""
    return _ALIASES.get(name, name)
