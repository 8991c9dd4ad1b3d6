"""ncnn: layers and weights as pnnx makes them of a traced module, both in one archive."""

import subprocess
import tarfile
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep.errors import UserError, shortened
from joulesweep.formats import _per_point, base
from joulesweep.formats.base import File, Subject

_FILES = ("model.ncnn.param", "model.ncnn.bin")  # layers, then weights: the order in the archive
_TYPES = {"float32": "f32", "float64": "f64", "float16": "f16", "int64": "i64", "int32": "i32", "bool": "u8"}


class Format(base.Format):
    """An archive with the two files of ncnn for every point. ncnn runs one example per pass."""

    libraries = ("torch", "pnnx", "ncnn")
    made_from = ""
    reads_data = False

    def write(self, subject: Subject) -> list[File]:
        """Convert the module at each point.

        Raises:
            Unsupported: there is no module.
            UserError: pnnx cannot convert it, or ncnn computes something else.
            Exception: torch's or ncnn's own.
        """
        return _per_point.files(subject, ".tar", "ncnn", _convert, any_batch=False)


def _convert(subject: Subject, point: Mapping[str, Any], path: Path) -> tuple[int, str]:
    """Write the archive of one point; its weights are in float32."""
    import pnnx
    import torch

    from joulesweep.formats._flat_module import flat

    spec = subject.manifest.spec
    module, example = flat(subject.module, spec, point)
    shapes = ",".join(
        f"[{','.join(map(str, tensor.shape))}]{_TYPES[each['dtype']]}"
        for tensor, each in zip(example, spec["inputs"], strict=True)
    )
    with tempfile.TemporaryDirectory(prefix="joulesweep-") as folder:
        traced = Path(folder) / "model.pt"
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.jit.save(torch.jit.trace(module, example, check_trace=False), traced)
        done = subprocess.run(
            [pnnx.EXEC_PATH, traced, f"inputshape={shapes}", "fp16=0"], cwd=folder, capture_output=True, text=True
        )
        made = [Path(folder) / name for name in _FILES]
        if done.returncode or not all(each.is_file() for each in made):
            lines = (done.stderr or done.stdout).strip().splitlines() or [f"status {done.returncode} and no word"]
            raise UserError(f"pnnx cannot convert the model: {shortened(lines[-1], 200)}")
        _check_layers(made[0])
        with tarfile.open(path, "w") as archive:
            for each in made:
                member = tarfile.TarInfo(
                    each.name
                )  # without time stamp and owner: the same model gives the same archive
                member.size = each.stat().st_size
                with each.open("rb") as content:
                    archive.addfile(member, content)
        return made[1].stat().st_size, ""


def _check_layers(param: Path) -> None:
    """Refuse a model in which an operator of torch is left: ncnn would end the process.

    Raises:
        UserError: there is one; the text names it.
    """
    types = [line.split()[0] for line in param.read_text(encoding="utf-8").splitlines()[2:] if line.strip()]
    foreign = sorted({name for name in types if "." in name or "::" in name})
    if foreign:
        raise UserError(f"ncnn has no layer for {', '.join(foreign[:3])}; run the model in another runtime")
