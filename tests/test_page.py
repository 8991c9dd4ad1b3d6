"""The HTML page holds the words of the report, makes no request, and shows every figure with its basis and its interval."""

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.page.body import sections
from joulesweep.analysis.page.job import page
from joulesweep.analysis.page.policy import packed, script
from joulesweep.analysis.report.job import report
from joulesweep.formatting import percent
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table

from tests import synthetic
from tests.digits_model import ROOT

TEMPLATES = ROOT / "workflow" / "templates"
HOSTILE = "<script>alert(1)</script> \"q\" 's' 🦊 \u202eevil\u202c שלום"
# A pixel, for every figure.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def made(results: Path, **job: Any) -> Path:
    """The page of a results tree."""
    job = synthetic.job(**job)
    merge(job, results, results / "merged")
    figures = synthetic.list_figures(results, job, drawn=True)
    for name in json.loads(figures.read_text())["words"]:
        (figures.parent / f"{name}.png").write_bytes(PNG)
    report(job, results / "merged", figures, TEMPLATES / "report.md.j2", results / "report.md")
    job["with_data"] = [name for name, model in job["models"].items() if model["data"]]
    page(job, results / "merged", results / "report.md", TEMPLATES / "page" / "page.html.j2", results / "report.html")
    return results / "report.html"


def hostile(results: Path) -> Path:
    """Results in which another device's table, and a reason, hold what must do no harm."""
    synthetic.tree(results, ("laptop",))
    rows = [synthetic.latency_row("laptop", "digits_mlp", "eager", 0.01)]
    rows.append(
        synthetic.failed(synthetic.latency_row("laptop", "digits_mlp", "onnxruntime", 0.01), "error", f"={HOSTILE}")
    )
    write_table(results / "devices" / "laptop" / "latency" / "digits_mlp.csv", columns.LATENCY, rows)
    description = results / "devices" / "laptop" / "device.json"
    description.write_text(json.dumps({**json.loads(description.read_text()), "machine": HOSTILE}))
    return results


def data_of(html: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script id="data"[^>]*>([^<]*)</script>', html)
    return json.loads(gzip.decompress(base64.b64decode(text)))


class _Words(HTMLParser):
    """The words of a page that are not script or style."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.silent = 0
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.silent += tag in ("script", "style")

    def handle_endtag(self, tag):
        self.silent -= tag in ("script", "style")

    def handle_data(self, data):
        if not self.silent:
            self.words.append(data)


def parsed(html: str) -> _Words:
    parser = _Words()
    parser.feed(html)
    return parser


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(synthetic.tree(tmp_path_factory.mktemp("three"), ("laptop", "pi", "jetson")))


def test_the_page_has_the_words_of_the_report(three):
    html = three.read_text(encoding="utf-8")
    words = " ".join(" ".join(parsed(html).words).split())
    for section in sections(three.with_name("report.md")):
        for line in " ".join(parsed(str(section.html)).words).split("\n"):
            assert " ".join(line.split()) in words
    markdown = three.with_name("report.md").read_text(encoding="utf-8")
    plain = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"\(figures/\S+\)|\(#\S+\)|<[^>]*>|```\w*|&\w+;", "", markdown)))
    alternatives = " ".join(str(attributes.get("alt")) for tag, attributes in parsed(html).tags if tag == "img")
    assert plain <= set(re.findall(r"[A-Za-z]{3,}", f"{words} {alternatives}"))


def test_every_link_inside_the_page_has_its_goal(three):
    tags = parsed(three.read_text(encoding="utf-8")).tags
    named = {attributes["id"] for _, attributes in tags if "id" in attributes}
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    assert len(named) == len([1 for _, attributes in tags if "id" in attributes]), "a name is given twice"
    assert len(links) > 10
    assert {link for link in links if link.startswith("#")} <= {f"#{name}" for name in named}


def test_the_policy_names_the_scripts_and_styles_of_the_page_and_allows_no_request(three):
    html = three.read_text(encoding="utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    policy = policy.replace("&#39;", "'")
    bodies = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", html, re.DOTALL)
    assert len(bodies) == 3
    for body in bodies:
        assert base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    sources = {word for part in policy.split("; ") for word in part.split()[1:] if not word.startswith("'sha256-")}
    assert sources == {"'none'", "data:"}


def test_nothing_in_the_page_names_another_file_or_server(three):
    for tag, attributes in parsed(three.read_text(encoding="utf-8")).tags:
        for name in ("src", "href", "action", "srcset", "data", "poster"):
            assert str(attributes.get(name, "#")).startswith(("#", "data:image/")), (tag, name)
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)


def test_every_variant_of_every_device_has_a_row_with_its_figures_or_the_reason(three):
    html = three.read_text(encoding="utf-8")
    data = data_of(html)
    count = 3 * sum(len(synthetic.runtimes(model)) for model in synthetic.MODELS)
    assert len(data["variants"]) == count
    rows = re.findall(r'<tr><th scope="row">.*', html)
    assert len(rows) == count
    (failed,) = [row for row in rows if "vit_tiny @ onnxruntime" in row and "jetson" in row]
    assert re.search(r'class="missing">timeout', failed)
    assert "no latency or peak memory: 300 s passed" in failed
    assert 'class="missing">no labelled data' in failed
    (good,) = [row for row in rows if "digits_cnn @ onnxruntime-int8" in row and "laptop" in row]
    assert re.search(r"<td>\d[\d.]* ± [\d.]+ % <small>measured</small>", good), "energy says on what it is based"


def test_modelled_energy_is_called_so_in_every_cell(tmp_path):
    html = made(synthetic.tree(tmp_path, kind="modelled")).read_text(encoding="utf-8")
    rows = re.findall(r'<tr><th scope="row">.*', html)
    assert sum("<small>modelled</small>" in row for row in rows) == len(rows)
    assert "<small>measured</small>" not in "".join(rows)
    assert all(variant["modelled"] for variant in data_of(html)["variants"])


def test_sweeps_and_launches_of_a_variant_are_in_the_page(tmp_path):
    results = synthetic.tree(tmp_path)
    rows = [synthetic.latency_row("laptop", "digits_cnn", "eager", 0.118e-3 * batch, batch=batch) for batch in (1, 2)]
    rows.append(
        synthetic.failed(synthetic.latency_row("laptop", "digits_cnn", "eager", 0.01, batch=4), "oom", "too large")
    )
    write_table(results / "devices/laptop/latency/digits_cnn.csv", columns.LATENCY, rows)
    synthetic.journal(results, "devices/laptop/latency/digits_cnn.csv", rows[:2])
    (variant,) = [
        variant
        for variant in data_of(made(results).read_text(encoding="utf-8"))["variants"]
        if (variant["model"], variant["runtime"]) == ("digits_cnn", "eager")
    ]
    swept = variant["sweeps"]["batch"]["latency"]
    assert [point[0] for point in swept] == [1, 2, 4]
    assert swept[0][1] == pytest.approx(0.118, rel=0.1)
    assert swept[0][3].endswith(f"± {percent(swept[0][2])}"), "in words, with its interval"
    assert swept[2] == [4, None, None, "oom: too large"]
    assert [launch[0] for launch in variant["launches"]] == [60 * place for place in range(len(synthetic.SLOWDOWNS))]
    assert variant["launches"][0][1] == pytest.approx(1e3 * rows[0]["raw_s"], rel=0.3)


def test_hostile_words_are_words(tmp_path):
    html = made(hostile(tmp_path), title=HOSTILE).read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert {tag for tag, _ in parsed(html).tags} <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "main",
            "section",
            "nav",
            "h1",
            "h2",
            "h3",
            "p",
            "ul",
            "ol",
            "li",
            "a",
        ),
        *(
            "table",
            "caption",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "bdi",
            "small",
            "span",
            "div",
            "form",
            "fieldset",
            "legend",
        ),
        *(
            "label",
            "select",
            "input",
            "output",
            "button",
            "noscript",
            "script",
            "img",
            "strong",
            "em",
            "code",
            "pre",
            "details",
        ),
        "summary",
    }
    words = " ".join(parsed(html).words)
    assert words.count(HOSTILE.split(" ")[0]) >= 3, "title, reason and machine"
    assert data_of(html)["devices"]["laptop"][0] == ["machine", HOSTILE]


def test_an_empty_results_folder_makes_a_page(tmp_path):
    (tmp_path / "devices").mkdir()
    words = " ".join(parsed(made(tmp_path).read_text(encoding="utf-8")).words)
    assert "Nothing has been measured yet." in words


@given(st.text())
def test_a_script_cannot_end_its_element(words):
    text = script(f'const a = "{words}</SCRIPT><!-- </script >"')
    assert not re.search(r"</script|<!--", text, re.IGNORECASE)
    assert text.replace("\\x3c", "<") == f'const a = "{words}</SCRIPT><!-- </script >"'.replace("\\x3c", "<")


@given(st.dictionaries(st.text(), st.text()))
def test_data_come_back_as_they_were_and_end_no_element(content):
    text = packed(content)
    assert re.fullmatch(r"[A-Za-z0-9+/=]*", text)
    assert json.loads(gzip.decompress(base64.b64decode(text))) == content
    assert packed(content) == text


def test_a_figure_that_is_too_large_for_the_page_is_named_in_its_place(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "wide.png").write_bytes(bytes(300_001))
    (tmp_path / "figures" / "wide.svg").write_bytes(bytes(300_002))
    (tmp_path / "report.md").write_text("# A\n\n![Wide](figures/wide.png)\n")
    (section,) = sections(tmp_path / "report.md")
    assert "It is in the file figures/wide.png beside it." in section.html
    assert "<img" not in section.html


def test_equal_results_give_an_equal_page(tmp_path, three):
    again = made(synthetic.tree(tmp_path, ("laptop", "pi", "jetson")))
    assert again.read_bytes() == three.read_bytes()


def test_headings_get_the_names_that_code_hosts_give_them(tmp_path):
    (tmp_path / "report.md").write_text(
        "# A\n\n## Why: where, the time?\n\n### Same\n\n### Same\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n"
    )
    first, second = sections(tmp_path / "report.md")
    assert (first.name, second.name, second.heading) == ("", "why-where-the-time", "Why: where, the time?")
    assert 'id="same"' in second.html
    assert 'id="same-1"' in second.html
    assert '<td class="number">2</td>' in second.html
    assert "style" not in second.html
