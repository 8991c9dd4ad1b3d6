"""A figure is drawn where the tables hold data for it, says what it shows, and is listed with the reason otherwise."""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from joulesweep import plugins, products
from joulesweep.analysis.draw_figures import draw
from joulesweep.analysis.merge.job import merge
from joulesweep.figures import (
    _dots as _dots_module,
)
from joulesweep.figures import (
    _labels,
    _levels,
    _scatter,
    _style,
    _sweep,
    launches,
    parameters_and_flops,
    roofline,
    time_shares,
)
from joulesweep.figures.base import NotDrawn
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table
from joulesweep.merged.load import Merged, load
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.transforms import Bbox

from tests import synthetic

AXES = ["batch", "size", "threads"]
PER_AXIS = {name: plugins.load("figures", name).per_axis for name in plugins.names("figures")}
SINGLE = {name.replace("-", "_") for name, per_axis in PER_AXIS.items() if not per_axis}
SWEPT = {name.replace("-", "_") for name, per_axis in PER_AXIS.items() if per_axis}


@pytest.fixture(autouse=True)
def _settings():
    _style.use()
    yield
    plt.close("all")


def _merged(results: Path, devices: tuple[str, ...], kind: str = "measured") -> Merged:
    if devices:
        synthetic.tree(results, devices, kind=kind)
    job = synthetic.job(axes=AXES)
    merge(job, results, results / "merged")
    return load(results / "merged", job["models"])


def _drawn(results: Path, axes: list[str] = AXES) -> dict:
    listing = results / "figures" / "figures.json"
    draw(synthetic.job(axes=axes), results / "merged", listing, "token")
    return json.loads(listing.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of one device, merged, with all figures."""
    results = tmp_path_factory.mktemp("laptop")
    _merged(results, ("laptop",))
    _style.use()
    _drawn(results)
    return results


@pytest.fixture(scope="module")
def merged(laptop: Path) -> Merged:
    return load(laptop / "merged", synthetic.job()["models"])


@pytest.fixture
def copied(laptop: Path, tmp_path: Path) -> Path:
    """The same results, to be changed."""
    return shutil.copytree(laptop, tmp_path / "results")


def _draw(name: str, merged: Merged, axis: str = "") -> Figure:
    return plugins.load("figures", name)().draw(merged, axis)


def _words(figure: Figure) -> str:
    figure.draw_without_rendering()
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    labels = [label for axes in figure.axes for label in (axes.xaxis.label, axes.yaxis.label, axes.title)]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    suptitle = figure._suptitle.get_text() if figure._suptitle else ""
    return " | ".join([suptitle, *titles, *(part.get_text() for part in (*texts, *labels))])


def _empty_panels(figure: Figure) -> list:
    return [axes for axes in figure.axes if axes.axison and not axes.lines and not axes.patches]


def test_every_figure_with_data_is_a_file_and_every_other_has_a_reason(laptop):
    listing = json.loads((laptop / "figures" / "figures.json").read_text(encoding="utf-8"))
    images = {path.stem for path in (laptop / "figures").glob("*.png")}
    assert images == (SINGLE - {"launches"}) | {f"{name}_{axis}" for name in SWEPT for axis in ("batch", "size")}
    assert listing["not_drawn"]["launches"][1] == "no journal with launches lies beside the tables"
    assert set(listing["words"]) == images
    assert listing["not_drawn"]["latency_sweep_threads"] == [
        "Latency per pass against threads",
        "no variant has latency that can be used at two values of threads",
    ]
    assert imread(laptop / "figures" / "latency.png").shape[1] > 800
    assert {path.stem for path in (laptop / "figures").glob("*.svg")} == images
    assert (laptop / "figures" / "latency.svg").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.slow
def test_several_devices_are_drawn_side_by_side(merged, tmp_path):
    several = _merged(tmp_path, ("laptop", "pi", "jetson"))
    assert len(_draw("latency", several).axes) == 3 * len(_draw("latency", merged).axes)
    words = _words(_draw("latency-sweep", several, "batch"))
    assert all(device in words for device in ("laptop", "pi", "jetson"))


def test_without_any_table_nothing_is_drawn_and_everything_has_a_reason(tmp_path):
    _merged(tmp_path, ())
    listing = _drawn(tmp_path)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["figures.json"]
    assert set(listing["not_drawn"]) >= SINGLE
    assert listing["not_drawn"]["latency"][1] == "there is no row of latency at the base point"


@pytest.mark.slow
def test_no_panel_is_blank_where_devices_measured_different_models(tmp_path):
    results = synthetic.tree(tmp_path, ("laptop", "pi"))
    for stage in ("latency", "energy"):
        for model in ("resnet18", "digits_mlp", "vit_tiny"):
            (results / "devices" / "pi" / stage / f"{model}.csv").unlink()
    merged = _merged(results, ())
    for name in sorted(set(plugins.names("figures")) - {"launches"}):
        for axis in ("batch", "size") if plugins.load("figures", name).per_axis else ("",):
            assert _empty_panels(_draw(name, merged, axis)) == [], name


def test_a_model_without_flops_leaves_no_blank_panel(tmp_path):
    results = synthetic.tree(tmp_path, models=["digits_cnn"])
    row = {"model": "digits_cnn", "runtime": "eager", "batch": 1, "size": 8, "base": 1, "status": "ok", "params": 9034}
    row |= {"params_every_use": 9034, "params_by_storage": 9034, **synthetic.provenance("digits_cnn")}
    write_table(results / "models" / "digits_cnn" / "counts.csv", columns.COUNTS, [row])
    merge(synthetic.job(models=["digits_cnn"]), results, results / "merged")
    figure = _draw("parameters-and-flops", load(results / "merged", synthetic.job(models=["digits_cnn"])["models"]))
    assert len(figure.axes) == 1


@pytest.mark.slow
def test_equal_tables_give_equal_bytes_and_a_figure_that_is_no_longer_drawn_leaves_no_image(laptop, copied):
    drawn = SINGLE - {"launches"}
    for name in drawn:
        (copied / "figures" / f"{name}.png").unlink()
    again = _drawn(copied, [])
    assert {path.stem for path in (copied / "figures").glob("*.png")} == drawn
    for name in again["files"]:
        assert (copied / "figures" / name).read_bytes() == (laptop / "figures" / name).read_bytes()


@pytest.mark.slow
def test_a_lost_or_changed_image_changes_the_token_once_until_it_is_drawn_again(copied, monkeypatch):
    monkeypatch.setattr(plugins, "names", lambda *_: ["energy", "latency"])
    listing = copied / "figures" / "figures.json"
    assert products.token(listing) == "token"
    (copied / "figures" / "latency.png").unlink()
    lost = products.token(listing)
    assert lost != "token"
    draw(synthetic.job(axes=[]), copied / "merged", listing, lost)
    assert products.token(listing) == lost
    (copied / "figures" / "energy.png").write_bytes(b"another image")
    assert products.token(listing) not in (lost, "token")
    shutil.rmtree(copied / "figures")
    assert products.token(listing) == ""


@pytest.mark.parametrize("content", ["", "[]", '{"files": []}', '{"files": {"a.png": 1}}'])
def test_a_damaged_list_of_products_is_as_good_as_none(tmp_path, content):
    (tmp_path / "figures.json").write_text(content)
    assert products.token(tmp_path / "figures.json") == ""


def test_a_figure_without_data_says_what_is_missing_and_why(tmp_path):
    results = synthetic.tree(tmp_path, models=["digits_cnn"])
    row = synthetic.failed(synthetic.energy_row("laptop", "digits_cnn", "eager", 1.0), "no_meter", "RAPL is closed")
    write_table(results / "devices/laptop/energy/digits_cnn.csv", columns.ENERGY, [row])
    job = synthetic.job(models=["digits_cnn"])
    merge(job, results, results / "merged")
    merged = load(results / "merged", job["models"])
    for name in ("energy", "latency-vs-energy", "accuracy-vs-energy"):
        with pytest.raises(NotDrawn, match=r"^no energy at the base point \(1 row: no_meter, RAPL is closed\)$"):
            _draw(name, merged)
    with pytest.raises(NotDrawn, match="no variant has latency that can be used at two values of threads"):
        _draw("latency-sweep", merged, "threads")


OF_ENERGY = [("energy", ""), ("energy-sweep", "batch"), ("latency-vs-energy", ""), ("accuracy-vs-energy", "")]


def _dots(figure: Figure) -> list:
    """The lines with markers: one per dot, or one per line of a sweep."""
    return [line for axes in figure.axes for line in axes.lines if line.get_marker() not in ("None", "")]


def _rings(figure: Figure) -> list:
    """The places of the rings, in the units of the axes."""
    return [
        place
        for axes in figure.axes
        for each in axes.collections
        if isinstance(each, PathCollection)
        for place in each.get_offsets()
    ]


def _legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_modelled_energy_is_called_modelled_in_title_and_axis_and_every_dot_has_a_ring(tmp_path):
    merged = _merged(tmp_path, ("laptop",), "modelled")
    for name, axis in OF_ENERGY:
        figure = _draw(name, merged, axis)
        title, *rest = _words(figure).split(" | ")
        assert "odelled energy" in title
        assert any("modelled energy (mJ)" in words for words in rest)
        assert any("In a dotted ring: modelled" in words.replace("\n", " ") for words in rest)
        assert len(_rings(figure)) == sum(len(line.get_xdata()) for line in _dots(figure)) > 0
        assert "modelled" in _legend(figure)
        (ring,) = [each for each in figure.legends[0].legend_handles if isinstance(each, PathCollection)]
        place = ring.get_transform().transform((0.5, 0.0))
        assert list(place) == [0.5, 0.0], "the ring in the legend is drawn in its own place, where it can be seen"


def test_measured_energy_is_not_called_modelled_and_has_no_ring(merged):
    for name, axis in OF_ENERGY:
        figure = _draw(name, merged, axis)
        assert "odelled" not in _words(figure)
        assert "modelled" not in _legend(figure)
        assert _rings(figure) == []


def test_a_modelled_dot_beside_measured_ones_has_a_ring_and_is_on_no_front(tmp_path):
    models = ["digits_mlp", "digits_cnn"]
    synthetic.tree(tmp_path, models=models)
    path = tmp_path / "devices/laptop/energy/digits_mlp.csv"
    modelled = {"kind": "modelled", "meter": "cpu-time", "rails": "CPU time"}
    rows = [
        synthetic.energy_row("laptop", "digits_mlp", runtime, joules, **modelled)
        for runtime, joules in (("eager", 4.2e-4), ("onnxruntime", 2.2e-4))
    ]
    write_table(path, columns.ENERGY, rows)
    job = synthetic.job(models=models)
    merge(job, tmp_path, tmp_path / "merged")
    figure = _draw("accuracy-vs-energy", load(tmp_path / "merged", job["models"]))
    assert "It is not compared with measured energy." in _words(figure).replace("\n", " ")
    assert len(_rings(figure)) == 2
    (front,) = _front(figure.axes[0])
    assert list(front.get_ydata()) == pytest.approx([98.3, 98.3]), (
        "the line does not begin at the modelled dots, which are cheaper"
    )
    hollow = [line for line in _dots(figure) if line.get_markerfacecolor() == "white"]
    assert [line.get_ydata()[0] for line in hollow] == [pytest.approx(94.2)] * 2


def test_a_variant_that_failed_is_named_with_its_status(merged):
    assert "× onnxruntime: timeout" in _words(_draw("latency", merged))
    assert "× onnxruntime-int8 at 128: oom" in _words(_draw("latency-sweep", merged, "size"))


def test_a_row_that_contradicts_itself_is_named_and_not_drawn(tmp_path):
    rows = [
        synthetic.latency_row("laptop", "resnet18", "eager", 0.03),
        synthetic.latency_row("laptop", "resnet18", "onnxruntime", 129.0, flags="inconsistent"),
    ]
    write_table(tmp_path / "devices/laptop/latency/resnet18.csv", columns.LATENCY, rows)
    words = _words(_draw("latency", _merged(tmp_path, ())))
    assert "× onnxruntime: inconsistent" in words
    assert "129" not in words


def test_a_latency_on_two_levels_shows_both_and_the_legend_says_so(tmp_path):
    rows = [synthetic.latency_row("laptop", "resnet18", "eager", 0.036 * batch, batch=batch) for batch in (1, 2)]
    write_table(tmp_path / "devices/laptop/latency/resnet18.csv", columns.LATENCY, rows)
    single = _merged(tmp_path, ())
    two = [row | {"low_level_s": row["raw_s"] / 1.2, "high_level_s": row["raw_s"] * 1.5} for row in rows]
    write_table(tmp_path / "devices/laptop/latency/resnet18.csv", columns.LATENCY, two)
    both = _merged(tmp_path, ())
    for name, axis in (("latency", ""), ("latency-sweep", "batch")):
        plain, marked = _draw(name, single, axis), _draw(name, both, axis)
        assert len(marked.axes[0].lines) - len(plain.axes[0].lines) == (4 if axis else 2)
        assert _levels.WORDS in [text.get_text() for text in marked.legends[0].get_texts()]
        assert _levels.WORDS not in [text.get_text() for text in plain.legends[0].get_texts()]
        marked.draw_without_rendering()
        legend = marked.legends[0].get_window_extent()
        assert marked.bbox.x0 <= legend.x0
        assert legend.x1 <= marked.bbox.x1
    (number,) = (text for text in _draw("latency", both).axes[0].texts if text.get_text())
    assert number.xy[0] == pytest.approx(1000 * two[0]["high_level_s"])


def test_every_model_is_named_once_at_its_dots_and_no_name_covers_another(merged):
    figure = _draw("latency-vs-parameters", merged)
    named = [text for text in figure.axes[0].texts if text.get_text()]
    assert sorted(text.get_text() for text in named) == sorted(synthetic.MODELS)
    boxes = [text.get_window_extent() for text in named]
    assert not any(a.overlaps(b) for place, a in enumerate(boxes) for b in boxes[:place])


def test_a_runtime_has_one_colour_and_marker_whatever_else_is_shown():
    single, together = _style.styles(["onnxruntime"]), _style.styles(["new", "eager", "onnxruntime"])
    assert single["onnxruntime"] == together["onnxruntime"]
    assert len(set(together.values())) == 3


def test_counts_and_accuracy_are_drawn_with_their_units(merged):
    assert "11.7 M" in _words(_draw("parameters-and-flops", merged))
    assert "top-1 accuracy (%)" in _words(_draw("accuracy-vs-latency", merged))


def test_a_logarithmic_axis_has_few_round_ticks(merged):
    figure = _draw("parameters-and-flops", merged)
    figure.draw_without_rendering()
    ticks = [label.get_text() for label in figure.axes[0].get_xticklabels() if label.get_text()]
    assert {"10k", "100k", "1M", "10M"} <= set(ticks)
    assert 3 <= len(ticks) <= 9


def _front(axes: Axes) -> list:
    return [line for line in axes.lines if line.get_drawstyle() == "steps-post"]


@pytest.mark.parametrize("cost", ["latency", "energy", "memory", "size"])
def test_the_front_is_a_step_line_along_the_cheapest_and_the_most_accurate(merged, cost):
    (axes,) = _draw(f"accuracy-vs-{cost}", merged).axes
    (line,) = _front(axes)
    x, y = line.get_xdata(), line.get_ydata()
    assert list(x) == sorted(x)
    assert list(y) == sorted(y)
    assert max(y) == pytest.approx(98.3)
    corners = axes.transData.transform(
        [(x[0], y[0]), *((x[at], y[at + step]) for at in range(1, len(x)) for step in (-1, 0))]
    )
    parts = [Bbox(ends) for ends in pairwise(corners)]
    names = [text.get_window_extent() for text in axes.texts if text.get_text()]
    assert not any(name.overlaps(part) for name in names for part in parts), "no name covers the line"


@pytest.mark.parametrize("cost", ["latency", "energy", "size"])
def test_a_variant_that_another_one_clearly_beats_is_faint_and_one_on_the_front_is_filled(merged, cost):
    dots = _dots(_draw(f"accuracy-vs-{cost}", merged))
    assert [line for line in dots if line.get_alpha() not in (None, 1)]
    assert [line for line in dots if line.get_alpha() in (None, 1) and line.get_markerfacecolor() != "white"]


def test_where_the_intervals_do_not_tell_every_dot_is_hollow_and_the_note_says_what_that_means(merged):
    """The made-up processes need memory within a percent of each other."""
    figure = _draw("accuracy-vs-memory", merged)
    assert {line.get_markerfacecolor() for line in _dots(figure)} == {"white"}
    assert "Hollow: the intervals do not tell." in _words(figure).replace("\n", " ")


def test_accuracies_on_different_data_or_by_different_metrics_have_panels_of_their_own(tmp_path):
    synthetic.tree(tmp_path)
    error = {"metric": "mae", "unit": "", "higher_is_better": 0}
    rows = [
        synthetic.accuracy_row("laptop", "resnet18", runtime, 0.7, dataset="flowers", **metric)
        for runtime, metric in (("eager", {}), ("onnxruntime", {"metric": "f1"}), ("onnxruntime-int8", error))
    ]
    write_table(tmp_path / "devices/laptop/accuracy/resnet18.csv", columns.ACCURACY, rows)
    figure = _draw("accuracy-vs-latency", _merged(tmp_path, ()))
    panels = [axes for axes in figure.axes if axes.axison]
    titles = ["digits, top-1 accuracy", "flowers, macro F1", "flowers, mean absolute error", "flowers, top-1 accuracy"]
    assert [axes.get_title(loc="left") for axes in panels] == titles
    labels = ["top-1 accuracy (%)", "macro F1 (%)", "mean absolute error", "top-1 accuracy (%)"]
    assert [axes.get_ylabel() for axes in panels] == labels
    heights = [max(_front(axes)[0].get_ydata()) for axes in panels]
    assert heights == pytest.approx([98.3, 70, 0.7, 70]), "each in its own unit"
    assert all(len(_front(axes)) == 1 for axes in panels)


def test_no_title_of_a_panel_reaches_into_the_next_one(tmp_path):
    synthetic.tree(tmp_path)
    ranks = {"dataset": "texts data/pairs of sentences.csv", "metric": "spearman", "unit": ""}
    rows = [synthetic.accuracy_row("laptop", "resnet18", runtime, 0.7, **ranks) for runtime in ("eager", "onnxruntime")]
    write_table(tmp_path / "devices/laptop/accuracy/resnet18.csv", columns.ACCURACY, rows)
    figure = _draw("accuracy-vs-latency", _merged(tmp_path, ()))
    titles = [axes._left_title.get_window_extent() for axes in figure.axes if axes.axison]
    assert len(titles) == 2
    assert titles[0].x1 < titles[1].x0
    assert titles[1].x1 <= figure.bbox.x1


def test_lines_of_equal_power_have_the_slope_of_their_watts(merged):
    (axes,) = _draw("latency-vs-energy", merged).axes
    lines = [line for line in axes.lines if line.get_linestyle() == ":"]
    watts = {text.get_text() for text in axes.texts if text.get_text().endswith(" W")}
    assert {f"{line.get_xdata()[0] / line.get_ydata()[0]:g} W" for line in lines} == watts
    assert {"10 W", "20 W"} <= watts


def test_modelled_energy_has_no_lines_of_equal_power(tmp_path):
    (axes,) = _draw("latency-vs-energy", _merged(tmp_path, ("laptop",), "modelled")).axes
    assert [line for line in axes.lines if line.get_linestyle() == ":"] == []


def test_launches_are_drawn_about_their_figure_and_in_time(tmp_path):
    name = "devices/laptop/latency/resnet18.csv"
    rows = [synthetic.latency_row("laptop", "resnet18", "eager", 0.03 * batch, batch=batch) for batch in (1, 2)]
    write_table(tmp_path / name, columns.LATENCY, rows)
    synthetic.journal(tmp_path, name, rows)
    above, below = _draw("launches", _merged(tmp_path, ())).axes
    measured, corrected = (np.asarray(line.get_xdata(), float) for line in above.lines[:2])
    assert len(measured) == len(corrected) == len(synthetic.SLOWDOWNS)
    assert max(measured) / min(measured) == pytest.approx(1.5, rel=0.01)
    assert max(corrected) / min(corrected) < 1.1
    dots, reference = below.lines
    assert len(dots.get_xdata()) == 2 * len(synthetic.SLOWDOWNS)
    assert max(reference.get_xdata()) == pytest.approx(4)
    assert [label.get_text() for label in above.get_yticklabels()] == ["resnet18 @ eager"]


def test_launches_about_no_figure_that_can_be_used_are_not_drawn_and_the_reason_is_not_the_journal(tmp_path):
    """The journal is there; the interval of its only latency reaches beyond ± 100 %."""
    name = "devices/laptop/latency/resnet18.csv"
    rows = [synthetic.latency_row("laptop", "resnet18", "eager", 0.03)]
    write_table(tmp_path / name, columns.LATENCY, rows)
    synthetic.journal(tmp_path, name, rows, slowdowns=(1.0, 16.0, 4.0, 2.0, 8.0))
    merged = _merged(tmp_path, ())
    assert len(merged.launches) == 5
    for figure, words in (
        ("launches", "no variant has latency that can be used"),
        ("latency", "no latency at the base point"),
    ):
        with pytest.raises(NotDrawn, match=rf"^{words} \(1 row: undetermined\)$"):
            _draw(figure, merged)


# Machado, Oliveira and Fernandes, A Physiologically-based Model for Simulation of Color Vision Deficiency (2009), severity 1.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def _lab(colour: str, seen_by: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of a colour as a person with this vision sees it (sRGB, D65)."""
    srgb = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(seen_by @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    relative = to_xyz @ seen / np.array([0.9505, 1.0, 1.089])
    f = np.where(relative > 0.008856, np.cbrt(relative), 7.787 * relative + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_every_runtime_that_there_is_has_a_style_of_its_own():
    names = [name for name in plugins.names("runtimes") if name not in ("onnxruntime-coreml", "onnxruntime-tensorrt")]
    for some in (names[:14], names[-14:]):  # more than one figure can show
        styles = _style.styles(some)
        assert len({marker for _, marker in styles.values()}) == len(some)


@pytest.mark.parametrize("vision", BLINDNESS)
def test_runtimes_are_told_apart_by_colour_blind_readers_or_by_their_markers(vision):
    runtimes = ["eager", "onnxruntime", "onnxruntime-int8", "eager-cuda", "openvino", "ncnn"]
    styles = list(_style.styles(runtimes).values())
    assert len({marker for _, marker in styles}) == len(styles), "a marker each, for print in grey"
    for place, (one, _) in enumerate(styles):
        for other, _ in styles[:place]:
            apart = float(np.linalg.norm(_lab(one, BLINDNESS[vision]) - _lab(other, BLINDNESS[vision])))
            assert apart > 10, f"{one} and {other} are {apart:.0f} apart with {vision}"
        white = float(np.linalg.norm(_lab(one, BLINDNESS[vision]) - _lab("#ffffff", BLINDNESS[vision])))
        assert white > 30, f"{one} is {white:.0f} from white with {vision}"


@pytest.mark.parametrize("vision", BLINDNESS)
def test_kinds_of_layers_are_told_apart_by_colour_blind_readers(vision):
    colours = list(time_shares._COLOURS.values())
    for place, one in enumerate(colours):
        for other in colours[:place]:
            apart = float(np.linalg.norm(_lab(one, BLINDNESS[vision]) - _lab(other, BLINDNESS[vision])))
            assert apart > 10, f"{one} and {other} are {apart:.0f} apart with {vision}"


def test_too_many_models_for_names_are_dots_at_the_same_height_on_every_device(tmp_path, monkeypatch):
    monkeypatch.setattr(_dots_module, "_MOST_ROWS", 6)
    merged = _merged(tmp_path, ("laptop", "pi"))
    figure = _draw("latency", merged)
    one, other = (axes for axes in figure.axes if axes.axison)
    assert one.get_ylabel() == "7 models, in the same order on every device"
    assert not [text for axes in (one, other) for text in axes.texts]
    points = len(merged.sound("latency").query("base and device == 'laptop'"))
    for axes in (one, other):
        assert sum(len(line.get_xdata()) for line in axes.lines) == points
    heights = [sorted(np.concatenate([line.get_ydata() for line in axes.lines])) for axes in (one, other)]
    assert heights[0] == heights[1]


def test_modelled_energy_keeps_its_rings_where_models_are_too_many_for_names(tmp_path, monkeypatch):
    monkeypatch.setattr(_dots_module, "_MOST_ROWS", 6)
    figure = _draw("energy", _merged(tmp_path, ("laptop",), "modelled"))
    assert len(_rings(figure)) == sum(len(line.get_xdata()) for line in _dots(figure)) > 0
    assert "modelled" in _legend(figure)


@pytest.mark.parametrize("name", ["latency-vs-flops", "accuracy-vs-latency", "roofline"])
def test_models_are_not_named_where_names_would_cover_the_panel_and_the_note_says_so(merged, monkeypatch, name):
    monkeypatch.setattr(_labels, "MOST_NAMES", 1)
    figure = _draw(name, merged)
    named = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert not named.intersection(merged.models)
    assert "they are not named" in _words(figure).replace("\n", " ")


@pytest.mark.parametrize(
    ("module", "limit", "name", "axis", "words"),
    [
        (_sweep, "_MOST_PANELS", "latency-sweep", "batch", "7 panels of models on devices are more than the 2"),
        (_scatter, "_MOST_PANELS", "latency-vs-flops", "", "1 panels are more than the 0"),
        (parameters_and_flops, "_MOST", "parameters-and-flops", "", "7 models are more than the 2"),
        (time_shares, "_MOST", "time-shares", "", "17 variants on devices are more than the 2"),
        (roofline, "_MOST_PANELS", "roofline", "", "1 devices are more than the 0"),
    ],
)
def test_what_nobody_could_read_is_not_drawn_and_the_reason_names_the_table(
    merged, monkeypatch, module, limit, name, axis, words
):
    monkeypatch.setattr(module, limit, 0 if words.startswith("1 ") else 2)
    with pytest.raises(NotDrawn, match=f"{words} that can be read in one image; results/merged/.*csv"):
        _draw(name, merged, axis)


def test_the_launches_of_too_many_variants_are_drawn_in_time_only_and_the_note_says_so(tmp_path, monkeypatch):
    for device in ("laptop", "pi", "jetson", "vm"):
        name = f"devices/{device}/latency/resnet18.csv"
        rows = [synthetic.latency_row(device, "resnet18", "eager", 0.03 * batch, batch=batch) for batch in (1, 2)]
        write_table(tmp_path / name, columns.LATENCY, rows)
        synthetic.journal(tmp_path, name, rows)
    merged = _merged(tmp_path, ())
    both = _draw("launches", merged)
    assert len([axes for axes in both.axes if axes.axison]) == 8, "two panels per device"
    monkeypatch.setattr(launches, "_MOST_VARIANTS", 0)
    monkeypatch.setattr(launches, "_MOST_SHAPES", 2)
    figure = _draw("launches", merged)
    panels = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in panels] == ["jetson", "laptop", "pi", "vm"]
    assert all(axes.lines[0].get_rasterized() for axes in panels)
    assert "Above" not in _words(figure)
    assert plugins.load("figures", "launches")().heading(merged)[1].startswith("The launches of all points")
