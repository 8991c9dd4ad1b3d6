"""Writes the page: the report's words, the table of the variants, and the script that sorts, filters and plots them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from joulesweep.analysis.page.body import sections
from joulesweep.analysis.page.policy import packed, policy, script
from joulesweep.analysis.page.quantities import QUANTITIES, SWEPT
from joulesweep.analysis.page.variants import variants
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
    "explore",
    "start",
)
# The limits that a reader of the page can set, by their keys under `choose` in config.yaml.
_LIMITS = {"min_accuracy": "accuracy", "max_latency_ms": "latency", "max_energy_mJ": "energy"}


def page(job: Mapping[str, Any], merged: Path, report: Path, template: Path, out: Path) -> None:
    """Write the page from the merged tables and the report in Markdown, whose figures lie in the folder that it links."""
    tables = load(merged, job["models"])
    rows = variants(tables, job["with_data"])
    words = sections(report)
    folder = template.parent
    scripts = [script(_vega()), script("\n".join((folder / f"{name}.js").read_text("utf-8") for name in _SCRIPTS))]
    style = (folder / "page.css").read_text("utf-8")
    data = {
        "title": job["title"],
        "device": job["device"],
        "quantities": [vars(quantity) | {"better": quantity.better} for quantity in QUANTITIES],
        "swept": SWEPT,
        "limits": {_LIMITS[key]: limit for key, limit in job["choose"].items() if key in _LIMITS},
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
        sections=words,
        long=packed([html for section in words for html in section.long]),
        quantities=QUANTITIES,
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
