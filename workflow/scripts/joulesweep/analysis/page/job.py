"""Writes the page: the report's words, the table of the variants, and the script that sorts, filters and plots them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from joulesweep.analysis.anomalies.flags import FLAGS
from joulesweep.analysis.page.body import sections
from joulesweep.analysis.page.policy import packed, policy, script
from joulesweep.analysis.page.quantities import QUANTITIES, SWEPT, better
from joulesweep.analysis.page.variants import variants
from joulesweep.merged.base_points import base_points
from joulesweep.merged.choice import CHOOSABLE, limits
from joulesweep.merged.load import Merged, load
from joulesweep.system.files import replace_text

# In this order, since each uses what those before it define.
_SCRIPTS = (
    "numbers",
    "choice",
    "relative",
    "view",
    "tables",
    "controls",
    "plots",
    "winner",
    "details",
    "trade_off",
    "explore",
    "start",
)
# What the numbers of the data mean, for whoever downloads them.
_ABOUT = {
    "figures": "by quantity: the figure and the ends of its 95 % interval (of memory ± 5 %; what is counted is exact), in the unit of the quantity",
    "modelled": "whether the energy is computed from CPU time and configured watts, and not measured",
    "sweeps": "by axis and quantity: value of the axis, figure, half of its 95 % interval as a share of it, the same in words",
    "launches": "of the base point: seconds since the first launch, latency in ms as measured, and corrected",
}


def page(job: Mapping[str, Any], merged: Path, report: Path, template: Path, out: Path) -> None:
    """Write the page from the merged tables and the report in Markdown, whose figures lie in the folder that it links."""
    tables = load(merged, job["models"])
    points = base_points(tables)
    rows = variants(tables, points, job["with_data"])
    directions = {quantity.name: better(quantity, points) for quantity in QUANTITIES}
    folder = template.parent
    scripts = [script(_vega()), script("\n".join((folder / f"{name}.js").read_text("utf-8") for name in _SCRIPTS))]
    style = (folder / "page.css").read_text("utf-8")
    data = {
        "title": job["title"],
        "device": job["device"],
        "about": _ABOUT,
        "quantities": [vars(quantity) | {"better": directions[quantity.name]} for quantity in QUANTITIES],
        "swept": SWEPT,
        "limits": {limit.metric: limit.number for limit in limits(job["choose"])},
        "chosen_device": job["choose"].get("device", ""),
        "flags": {flag: meaning for flag, meaning in FLAGS.items() if any(flag in row.flags for row in rows)},
        "devices": _devices(tables),
        "variants": [row.data for row in rows],
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template(template.name).render(
        title=job["title"],
        policy=policy(scripts, [style]),
        scripts=[Markup(each) for each in scripts],
        style=Markup(style),
        sections=sections(report),
        quantities=QUANTITIES,
        limited=[quantity for quantity in QUANTITIES if quantity.name in CHOOSABLE],
        better=directions,
        rows=rows,
        several_devices=len({row.device for row in rows}) > 1,
        data=packed(data),
    )
    replace_text(out, html)


@cache
def _vega() -> str:
    """Vega, Vega-Lite and the interpreter that evaluates their expressions without `eval`, as one script."""
    return str(vl_convert.javascript_bundle("globalThis.vegaEmbed = vegaEmbed;"))


def _devices(merged: Merged) -> dict[str, list[list[str]]]:
    """What is known of each device, as pairs of words and value."""
    facts = {}
    for _, row in merged.devices.iterrows():
        cores, clock = [row["cores_physical"], row["cores_logical"]], row["max_clock_Hz"]
        known = {
            "machine": row["machine"],
            "system on a chip": row["soc"],
            "processor": row["cpu"],
            "emulated by": row["emulator"],
            "cores: physical / logical": " / ".join("–" if each != each else f"{each:.0f}" for each in cores),
            "highest clock": "" if clock != clock else f"{clock / 1e9:.2f} GHz",
            "memory": "" if row["memory_bytes"] != row["memory_bytes"] else f"{row['memory_bytes'] / 2**30:.1f} GiB",
            "accelerator": row["accelerator"],
            "system": " ".join(filter(None, (row["os"], row["kernel"]))),
            "governor": row["governor"],
            "power mode": row["power_mode"],
            "meter": row["meter"],
            "Python": row["python"],
            "libraries": row["libraries"],
        }
        facts[row["device"]] = [[words, value] for words, value in known.items() if value]
    return facts
