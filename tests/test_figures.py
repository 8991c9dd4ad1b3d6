"""Every figure that is declared is drawn, whatever was measured."""

from pathlib import Path

import pytest
from joulesweep.analysis.draw_figures import draw
from joulesweep.analysis.merge.job import merge
from joulesweep.figures import _style, counts, dots, scatters, sweeps
from joulesweep.figures._quantities import ACCURACY, ENERGY, LATENCY, PARAMETERS
from joulesweep.figures.names import names
from joulesweep.merged.load import Merged, load
from joulesweep.schema import SCHEMA
from matplotlib.figure import Figure
from matplotlib.image import imread

from tests import synthetic

AXES = ["batch", "size", "threads"]


@pytest.fixture(autouse=True)
def _look():
    _style.use()


def _merged(results: Path, devices: tuple[str, ...], kind: str = "measured") -> Merged:
    if devices:
        synthetic.tree(results, devices, kind=kind)
    job = synthetic.job(axes=AXES)
    merge(job, results, results / "merged")
    return load(results / "merged", job["models"])


def _words(figure: Figure) -> str:
    figure.draw_without_rendering()
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    labels = [label for axes in figure.axes for label in (axes.xaxis.label, axes.yaxis.label, axes.title)]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    suptitle = figure._suptitle.get_text() if figure._suptitle else ""
    return " | ".join([suptitle, *titles, *(part.get_text() for part in (*texts, *labels))])


@pytest.mark.parametrize("devices", [(), ("laptop",), ("laptop", "pi", "jetson")], ids=["none", "one", "three"])
def test_all_figures_are_written_for_any_number_of_devices(tmp_path, devices):
    _merged(tmp_path, devices)
    draw(synthetic.job(axes=AXES), tmp_path / "merged", tmp_path / "figures")
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == sorted(
        f"{name}.png" for name in names(AXES)
    )
    assert imread(tmp_path / "figures" / "latency.png").shape[1] > 800


def test_equal_tables_give_equal_bytes(tmp_path):
    _merged(tmp_path, ("laptop",))
    for folder in ("one", "two"):
        draw(synthetic.job(axes=[]), tmp_path / "merged", tmp_path / folder)
    for name in names([]):
        assert (tmp_path / "one" / f"{name}.png").read_bytes() == (tmp_path / "two" / f"{name}.png").read_bytes()


def test_a_figure_without_data_says_what_is_missing_and_why(tmp_path):
    results = synthetic.tree(tmp_path, models=["digits_cnn"])
    path = results / "devices/laptop/energy/digits_cnn.csv"
    rows = path.read_text(encoding="utf-8").splitlines()
    header = rows[0].split(",")
    row = {"schema": str(SCHEMA), "device": "laptop", "model": "digits_cnn", "runtime": "eager", "batch": "1"}
    row |= {"size": "8", "threads": "2", "base": "1", "status": "no_meter", "message": "no meter works: RAPL is closed"}
    path.write_text("\n".join([rows[0], ",".join(row.get(name, "") for name in header)]) + "\n", encoding="utf-8")
    job = synthetic.job(models=["digits_cnn"])
    merge(job, results, results / "merged")
    merged = load(results / "merged", job["models"])
    for figure in (dots.dots(merged, ENERGY), scatters.scatter(merged, ENERGY, LATENCY)):
        assert "no_meter" in _words(figure)
        assert "RAPL is closed" in _words(figure).replace("\n", " ")
    assert "threads" in _words(sweeps.swept(merged, LATENCY, "threads"))


def test_modelled_energy_is_called_modelled_in_title_and_axis_and_is_hollow(tmp_path):
    merged = _merged(tmp_path, ("laptop",), "modelled")
    drawn = [
        dots.dots(merged, ENERGY),
        sweeps.swept(merged, ENERGY, "batch"),
        scatters.scatter(merged, ENERGY, LATENCY),
    ]
    for figure in drawn:
        title, *rest = _words(figure).split(" | ")
        assert "odelled energy" in title
        assert any("modelled energy (mJ)" in words for words in rest)
        faces = {
            line.get_markerfacecolor()
            for axes in figure.axes
            for line in axes.lines
            if line.get_marker() not in ("None", "")
        }
        assert faces == {"white"}


def test_measured_energy_is_not_called_modelled(tmp_path):
    assert "odelled" not in _words(dots.dots(_merged(tmp_path, ("laptop",)), ENERGY))


def test_a_variant_that_failed_is_named_with_its_status(tmp_path):
    merged = _merged(tmp_path, ("laptop",))
    assert "× onnxruntime: timeout" in _words(dots.dots(merged, LATENCY))
    assert "× onnxruntime-int8 at 128: oom" in _words(sweeps.swept(merged, LATENCY, "size"))


def test_every_model_is_named_once_at_its_dots_and_no_name_covers_another(tmp_path):
    merged = _merged(tmp_path, ("laptop",))
    figure = scatters.scatter(merged, PARAMETERS, LATENCY)
    named = [text for text in figure.axes[0].texts if text.get_text()]
    assert sorted(text.get_text() for text in named) == sorted(synthetic.MODELS)
    boxes = [text.get_window_extent() for text in named]
    assert not any(a.overlaps(b) for place, a in enumerate(boxes) for b in boxes[:place])


def test_a_runtime_has_one_colour_and_marker_whatever_else_is_shown():
    alone, together = _style.looks(["onnxruntime"]), _style.looks(["new", "eager", "onnxruntime"])
    assert alone["onnxruntime"] == together["onnxruntime"]
    assert len(set(together.values())) == 3


def test_counts_and_accuracy_are_drawn_with_their_units(tmp_path):
    merged = _merged(tmp_path, ("laptop",))
    assert "11.7 M" in _words(counts.parameters_and_flops(merged))
    assert "top-1 accuracy (%)" in _words(scatters.scatter(merged, LATENCY, ACCURACY))
