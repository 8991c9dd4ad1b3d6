"""What a reader does with the page, in a real headless Chromium."""

import csv
import io
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from joulesweep.formatting import bracketed, digits
from joulesweep.merged import choice
from joulesweep.merged.base_points import base_points, interval
from joulesweep.merged.load import load
from joulesweep.uncertainty.interval import Interval
from joulesweep.uncertainty.ratio import difference, ratio
from playwright.sync_api import Browser, Page

from tests import browser as chromium
from tests import synthetic
from tests.test_page import HOSTILE, hostile, made

pytestmark = chromium.needs_chromium
DEVICES = ("laptop", "pi", "jetson")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.chromium() as started:
        yield started


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of three devices, whose launches are there."""
    results = synthetic.tree(tmp_path_factory.mktemp("three"), DEVICES)
    rows = [
        synthetic.latency_row("laptop", "digits_cnn", "eager", 0.118e-3 * batch**0.93, 0.05, batch=batch)
        for batch in (1, 2, 4)
    ]
    more = [
        synthetic.latency_row("laptop", "digits_cnn", runtime, 0.118e-3 * synthetic._SPEED[runtime], 0.05)
        for runtime in ("onnxruntime", "onnxruntime-int8")
    ]
    synthetic.write_table(results / "devices/laptop/latency/digits_cnn.csv", synthetic.columns.LATENCY, [*rows, *more])
    synthetic.journal(results, "devices/laptop/latency/digits_cnn.csv", rows)
    return made(results)


@pytest.fixture
def opened(browser: Browser, path: Path) -> Iterator[chromium.Opened]:
    """The page, freshly opened. No test of it may leave an error or a request behind."""
    page = chromium.Opened(browser, path)
    yield page
    assert page.errors == []
    assert page.requests == [path.as_uri()]
    page.close()


def _dots(page: Page) -> list[str]:
    """The words of the dots of the plot."""
    return [
        words
        for words in page.locator("#plot [aria-label]").evaluate_all(
            "all => all.map(each => each.getAttribute('aria-label'))"
        )
        if " @ " in words
    ]


def _choose(page: Page, name: str, value: str) -> None:
    page.select_option(f"#{name}", value)
    page.wait_for_timeout(250)  # the address follows after a fifth of a second


def _slide(page: Page, name: str, place: int) -> None:
    page.locator(f"#limit-{name}").evaluate(
        "(slider, place) => { slider.value = place; slider.dispatchEvent(new Event('input')); }", place
    )
    page.wait_for_timeout(250)  # the address follows after a fifth of a second


def test_the_plot_shows_the_variants_of_the_device_and_a_choice_changes_it(opened):
    _choose(opened.page, "y", "accuracy")
    before = _dots(opened.page)
    assert before
    assert all("laptop" in words for words in before)
    _choose(opened.page, "y", "energy")
    after = _dots(opened.page)
    assert len(after) > len(before)
    assert "energy: " in after[0]
    _choose(opened.page, "device", "")
    assert {words.split("\n")[0].rpartition(" ")[2] for words in _dots(opened.page)} == set(DEVICES)
    assert "y=" not in opened.page.url, "what is shown at first needs no place in the address"


def test_sorting_sorts_in_both_directions_and_leaves_what_is_missing_at_the_end(opened):
    column = [header.split(",")[0] for header in opened.page.locator("#variants thead th").all_inner_texts()].index(
        "latency"
    )
    button = opened.page.locator("#variants thead th button").nth(column)

    def cells() -> list[str]:
        return opened.page.locator(f"#variants tbody tr:visible > :nth-child({column + 1})").all_inner_texts()

    for sign, direction in ((1, "ascending"), (-1, "descending")):
        button.click()
        numbers = [float(cell.split()[0]) for cell in cells() if cell[0].isdigit()]
        assert numbers == sorted(numbers, key=lambda number: sign * number)
        assert cells()[-1] == "timeout"
        assert opened.page.locator("#variants th[aria-sort]").get_attribute("aria-sort") == direction


def test_filtering_filters_and_counts(opened):
    total = len(opened.rows())
    opened.page.locator("#variants").locator("xpath=../preceding-sibling::*[1]//input").fill("digits int8")
    assert opened.rows() == ["digits_cnn @ onnxruntime-int8"]
    assert f"1 of {total} rows" in opened.page.locator(".tools").first.inner_text()
    assert all("int8" in words for words in _dots(opened.page))


def test_limits_grey_the_rest_and_name_the_winner(opened):
    _slide(opened.page, "latency", 40)
    winner = opened.page.locator("#winner").inner_text()
    assert "Take digits_cnn @ onnxruntime-int8 on laptop" in winner
    assert opened.page.locator("#variants tr.winner th").all_inner_texts() == ["digits_cnn @ onnxruntime-int8"]
    assert opened.page.locator("#variants tr.outside:visible").count() > 3
    assert "latency=" in opened.page.url
    opened.page.click("#no-limits")
    assert opened.page.locator("#variants tr.outside").count() == 0
    _slide(opened.page, "accuracy", 100)
    _slide(opened.page, "latency", 0)
    assert re.search(
        r"The nearest is \S+ @ \S+: it misses its worst limit by a factor of \d",
        opened.page.locator("#winner").inner_text(),
    )


@pytest.mark.parametrize("name", ["accuracy", "latency", "energy", "memory", "weights"])
def test_at_the_end_of_a_slider_the_best_variant_still_meets_the_limit(opened, name):
    _slide(opened.page, name, 100 if name == "accuracy" else 0)
    assert "no variant meets" not in opened.page.locator("#winner").inner_text()
    assert opened.page.locator("#variants tr.winner").count() == 1


def test_a_column_is_sorted_by_its_figures_where_words_hide_them(opened):
    opened.page.locator("#variants thead button").nth(2).click()
    by_accuracy = opened.rows()
    _choose(opened.page, "relative", "digits_cnn @ eager")
    opened.page.check("#hide")
    assert opened.rows() == by_accuracy, "a difference keeps the order of the accuracies"
    opened.page.locator("#variants thead button").nth(3).click()
    words = opened.page.locator("#variants tbody tr:visible td:nth-child(4)").all_inner_texts()
    numbers = [float(word.split()[0]) for word in words if word[0].isdigit()]
    assert len(numbers) > 5
    assert numbers == sorted(numbers)


def test_a_runtime_keeps_its_colour_whatever_is_shown(opened):
    def colour() -> str | None:
        dot = opened.page.locator("#plot [aria-label^='digits_cnn @ onnxruntime-int8']").last
        return dot.get_attribute("fill")

    before = colour()
    opened.page.locator(".tools input").first.fill("int8")
    opened.page.wait_for_timeout(250)
    assert before
    assert colour() == before


def test_of_several_metrics_the_plot_shows_one_and_a_limit_may_be_negative(browser, tmp_path):
    results = synthetic.tree(tmp_path)
    for model, metric in (("digits_mlp", "mae"), ("digits_cnn", "spearman")):
        more = {"metric": metric, "unit": "", "higher_is_better": int(metric != "mae")}
        rows = [
            synthetic.accuracy_row("laptop", model, runtime, value, **more)
            for runtime, value in zip(synthetic.runtimes(model), (-0.5, -0.4, -0.3), strict=False)
        ]
        synthetic.write_table(results / f"devices/laptop/accuracy/{model}.csv", synthetic.columns.ACCURACY, rows)
    page = chromium.Opened(browser, made(results), "#y=accuracy")
    assert page.page.locator("#judged-label").is_visible()
    assert len(_dots(page.page)) == len(synthetic.runtimes("digits_cnn")), "the metric of most variants"
    _slide(page.page, "accuracy", 50)
    assert float(page.page.locator("#limit-accuracy-words").inner_text()) == pytest.approx(-0.4, abs=0.01)
    assert page.page.locator("#variants tr.winner th").all_inner_texts()[0].startswith("digits_cnn")
    header = page.page.locator("#variants thead th", has_text="accuracy").inner_text()
    assert "↑" not in header
    assert "↓" not in header
    assert page.errors == []
    page.close()


def test_where_the_script_cannot_run_the_page_is_as_without_it(browser, path):
    page = browser.new_page()
    page.add_init_script("delete globalThis.DecompressionStream")
    page.goto(path.as_uri())
    page.wait_for_selector("#variants tbody tr >> nth=3")
    assert not page.locator("#controls").is_visible()
    page.close()


def test_the_limits_of_the_configuration_are_those_of_the_page(browser, tmp_path):
    choose = {"max_memory_MB": 310, "max_latency_ms": 100, "device": "pi"}
    page = chromium.Opened(browser, made(synthetic.tree(tmp_path, ("laptop", "pi")), choose=choose))
    assert page.page.input_value("#device") == "pi"
    words = [page.page.locator(f"#limit-{name}-words").inner_text() for name in ("memory", "latency")]
    assert words == ["310 MB", "100 ms"]
    page.close()


def test_the_winner_is_that_of_the_report_under_the_same_limits(opened, path):
    """The script has the rule of `choose`; here both answer for random limits, of which many lie inside an interval."""
    models = synthetic.job()["models"]
    points = base_points(load(path.parent / "merged", models))
    seeded = random.Random(7)
    named = 0
    for _ in range(60):
        device = seeded.choice(DEVICES)
        rows = points[points["device"] == device]
        limits = {}
        for key, metric, scale in (
            ("max_latency_ms", "latency", 1e3),
            ("max_energy_mJ", "energy", 1e3),
            ("max_memory_MB", "memory", 1e-6),
            ("max_size_MB", "weights", 1e-6),
            ("min_accuracy", "accuracy", 100),
        ):
            if seeded.random() < 0.5:
                near = interval(
                    rows[rows[metric].notna()].sample(1, random_state=seeded.randrange(2**31)).iloc[0], metric
                )
                limits[key] = float(
                    digits(
                        scale * seeded.choice([near.low, near.value, near.high]) * seeded.choice([0.999, 1.001, 1.2])
                    )
                )
        if not limits:
            continue
        decision = choice.decide(rows, choice.limits(limits))
        expected = sorted(
            (f"{pick.row['model']} @ {pick.row['runtime']}", not pick.unsure, pick.alike) for pick in decision.picks
        )
        short = {choice._LIMITS[key][0]: limit for key, limit in limits.items()}
        answer = opened.page.evaluate(
            "([device, limits]) => { const own = explorer.variants.filter((each) => each.device === device);"
            "const closest = nearest(own, limits);"
            "return [choose(own, limits).map(({ variant, sure, alike }) => [nameOf(variant), sure, alike]), closest && nameOf(closest.variant)]; }",
            [device, short],
        )
        assert sorted(map(tuple, answer[0])) == expected, limits
        if decision.nearest is not None:
            assert answer[1] == f"{decision.nearest['model']} @ {decision.nearest['runtime']}"
        named += bool(expected)
    assert named > 15


def test_computed_numbers_are_those_of_the_report(opened):
    """The script's ratios, differences and digits are those of the library."""
    seeded = random.Random(3)
    cases = []
    for _ in range(300):
        pair = []
        for _ in range(2):
            value, half = 10 ** seeded.uniform(-4, 5), seeded.choice([0.001, 0.02, 0.1, 0.4, 0.9])
            pair.append((value, value / (1 + half), value * (1 + half)))
        cases.append(pair)
    computed = opened.page.evaluate(
        "cases => cases.map((pair) => { const [a, b] = pair.map(([value, low, high]) => ({ value, low, high }));"
        "return [ratio(a, b), difference(a, b)].map((each) => [each.value, each.low, each.high, bracketed(each)]).concat([digits(a.value)]); })",
        cases,
    )
    for (a, b), (quotient, gap, plain) in zip(cases, computed, strict=True):
        for made_of, (value, low, high, words) in ((ratio, quotient), (difference, gap)):
            expected = made_of(Interval(*a), Interval(*b))
            assert [value, low, high] == pytest.approx([expected.value, expected.low, expected.high])
            assert words.replace("−", "-") == bracketed(expected.value, expected.low, expected.high)
        assert plain == digits(a[0])


def test_figures_relative_to_a_variant_mark_what_the_intervals_do_not_show(opened):
    _choose(opened.page, "relative", "digits_cnn @ eager")
    row = opened.page.locator("#variants tbody tr:visible", has_text="digits_cnn @ onnxruntime-int8")
    cells = row.locator("td").all_inner_texts()
    assert any(re.fullmatch(r"0\.3\d* \[0\.\d+, 0\.\d+\]", cell) for cell in cells), cells
    assert any(cell.startswith("≈ 0") and cell.endswith("points") for cell in cells), "both accuracies are equal"
    assert row.locator("td.unclear").count() >= 1
    header = opened.page.locator("#variants thead").inner_text()
    assert "latency, ratio" in header
    assert "ms" not in header
    opened.page.check("#hide")
    assert "≈" in row.locator("td").all_inner_texts()
    _choose(opened.page, "relative", "")
    assert "latency, ms" in opened.page.locator("#variants thead").inner_text()
    assert any(re.search(r"\d ± \d", cell) for cell in row.locator("td").all_inner_texts())


def test_an_address_restores_the_view(browser, path, opened):
    _choose(opened.page, "y", "energy")
    _choose(opened.page, "device", "pi")
    _choose(opened.page, "colour", "model")
    _slide(opened.page, "latency", 60)
    opened.page.locator(".tools input").first.fill("eager")
    opened.page.locator("#variants thead button").nth(3).click()
    opened.page.locator("#variants tbody tr:visible").first.click()

    def seen(page: Page) -> list:
        controls = [
            page.input_value(f"#{name}") for name in ("x", "y", "colour", "device", "relative", "limit-latency")
        ]
        return [
            controls,
            page.locator("#variants tbody tr:visible").all_inner_texts(),
            page.locator("#winner").inner_text(),
            sorted(_dots(page)),
        ]

    opened.page.wait_for_timeout(400)  # the address follows
    before, address = seen(opened.page), opened.page.url
    other = chromium.Opened(browser, path, address[address.index("#") :])
    assert seen(other.page) == before
    assert other.page.locator("tr.details").count() == 1
    other.close()


@pytest.mark.parametrize(
    "fragment", ["#x=nothing&device=<b>&latency=abc&sort=99%20up&open=no&relative=none", "#latency", "#%", "#=&=&x"]
)
def test_an_address_that_makes_no_sense_shows_the_first_view(browser, path, fragment):
    page = chromium.Opened(browser, path, fragment)
    assert page.errors == []
    assert page.rows()
    assert page.page.input_value("#x") == "latency"
    page.close()


def test_a_row_opens_its_sweep_its_launches_and_its_device(opened):
    opened.page.locator("#variants tbody tr:visible", has_text="digits_cnn @ eager").click()
    details = opened.page.locator("tr.details")
    words = details.inner_text()
    assert "latency against batch" in words
    assert f"{len(synthetic.SLOWDOWNS)} launches at the base point" in words
    assert "Made-up CPU @ 2 GHz" in words
    opened.page.wait_for_selector("tr.details svg [aria-label^='batch 4']", state="attached")
    opened.page.locator("#variants tbody tr:visible", has_text="vit_tiny @ onnxruntime").first.click()
    assert details.count() == 1, "one at a time"
    assert "vit_tiny" in details.inner_text()
    opened.page.locator("#variants tbody tr:visible", has_text="vit_tiny @ eager").click()
    assert "torch on cpu, float32" in details.inner_text()


def test_the_choice_of_a_metric_is_there_only_where_there_are_several(opened):
    assert not opened.page.locator("#judged-label").is_visible()


def test_the_keyboard_reaches_everything(opened):
    page = opened.page
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "document.activeElement.id || document.activeElement.closest('tr[tabindex]')?.innerText.split('\\t')[0] || document.activeElement.innerText"
            )
        )
        if "mobilenet_v3_small @ eager" in reached:
            break
    assert {
        "x",
        "y",
        "colour",
        "device",
        "limit-latency",
        "relative",
        "Copy as Markdown",
        "Download the data",
    } <= reached
    first, second = opened.rows()[:2]
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.cells[0].innerText") == second
    page.keyboard.press("Enter")
    assert second in page.locator("tr.details").inner_text()
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.cells[0].innerText") == first
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.cells[0].innerText") == opened.rows()[-1]
    page.keyboard.press("Escape")
    assert page.locator("tr.details").count() == 0


def test_the_focus_of_a_row_marks_its_dot_and_a_click_on_a_dot_opens_its_row(opened):
    _choose(opened.page, "y", "params")
    opened.page.locator("#variants tbody tr:visible").first.focus()
    opened.page.wait_for_function("explorer.plot.drawing.data('dots').filter((dot) => dot.focused).length === 1")
    opened.page.wait_for_function("!explorer.plot.isDrawing")
    dot = opened.page.locator("#plot [aria-label^='squeezenet1_1 @ eager']").last
    dot.scroll_into_view_if_needed()  # a forced click does not wait until the page stands still
    dot.click(force=True)
    assert "squeezenet1_1 @ eager" in opened.page.locator("tr.details").inner_text()


def test_the_table_is_copied_as_it_is_shown(browser, path):
    page = chromium.Opened(browser, path, permissions=["clipboard-read", "clipboard-write"])
    page.page.locator(".tools input").first.fill("digits_mlp")
    for words in ("Copy as Markdown", "Copy as CSV"):
        page.page.get_by_role("button", name=words).first.click()
        page.page.wait_for_selector("text=Copied")
        text = page.page.evaluate("navigator.clipboard.readText()")
        if "CSV" in words:
            rows = list(csv.reader(io.StringIO(text)))
            assert [row[0] for row in rows[1:]] == ["digits_mlp @ eager", "digits_mlp @ onnxruntime"]
            assert len({len(row) for row in rows}) == 1
        else:
            assert text.splitlines()[1].startswith("| --- |")
            assert r"| digits\_mlp @ eager |" in text
    page.close()


def test_data_and_citation_are_downloaded(opened):
    for words, name in (("Download the data", "joulesweep.json"), ("Download the citation", "citation.txt")):
        with opened.page.expect_download() as download:
            opened.page.get_by_role("button", name=words).click()
        assert download.value.suggested_filename == name
        text = Path(download.value.path()).read_text(encoding="utf-8")
        if name.endswith("json"):
            assert len(json.loads(text)["variants"]) > 40
        else:
            assert text.startswith("Joulesweep, commit ")


def test_every_other_table_sorts_too(opened):
    table = opened.page.locator("section:has(> h2#devices) table").first
    table.locator("th button").first.click()
    assert table.locator("tbody tr > :first-child").all_inner_texts() == sorted(DEVICES)


def test_without_javascript_every_word_and_number_is_there(browser, path):
    page = chromium.Opened(browser, path, java_script_enabled=False)
    words = page.page.locator("body").inner_text()
    assert "With JavaScript, this table can be sorted" in words
    assert "Choose what the plot shows" not in words
    assert len(page.rows()) == 3 * sum(len(synthetic.runtimes(model)) for model in synthetic.MODELS)
    assert not page.page.locator("#controls").is_visible()
    page.close()


def test_hostile_words_do_no_harm(browser, tmp_path):
    page = chromium.Opened(
        browser, made(hostile(tmp_path), title=HOSTILE), permissions=["clipboard-read", "clipboard-write"]
    )
    row = page.page.locator("#variants tbody tr", has_text="digits_mlp @ onnxruntime").first
    assert HOSTILE.split()[0] in row.inner_text()
    row.click()
    assert HOSTILE.split()[0] in page.page.locator("tr.details").inner_text()
    assert page.page.evaluate("csvCell('=1+1')") == '"\'=1+1"'
    assert page.page.evaluate("csvCell('a\"b')") == '"a""b"'
    assert page.page.title().startswith("<script>")
    assert page.page.evaluate("isolated('\u202eevil')") == "\u2068\u202eevil\u2069"
    assert page.errors == []
    assert len(page.requests) == 1
    page.close()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1200, "light")])
def test_nothing_is_cut_and_axe_finds_nothing_serious(browser, path, scheme, width):
    page = chromium.Opened(browser, path, "#latency=20", viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.page.locator("#variants tbody tr:visible").first.click()
    page.page.wait_for_selector("tr.details svg", state="attached")
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    for selector in ("#controls *", "#winner", "h1", "h2", "nav a", "#plot svg"):
        outside = page.page.locator(selector).evaluate_all(
            "(all, width) => all.filter((each) => each.getBoundingClientRect().right > width + 1).map((each) => each.outerHTML.slice(0, 80))",
            width,
        )
        assert outside == []
    violations = Axe().run(page.page).response["violations"]
    assert [
        (each["id"], [node["html"] for node in each["nodes"]][:3])
        for each in violations
        if each["impact"] in ("serious", "critical")
    ] == []
    assert page.errors == []
    page.close()


def test_at_twice_the_size_and_with_reduced_motion_nothing_is_cut(browser, path):
    page = chromium.Opened(
        browser, path, viewport={"width": 600, "height": 450}, device_scale_factor=2, reduced_motion="reduce"
    )
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 600
    assert page.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    page.close()


def test_print_shows_the_tables_whole_and_no_controls(opened):
    opened.page.emulate_media(media="print", color_scheme="dark")
    fill = opened.page.locator("#plot text").first.evaluate("each => getComputedStyle(each).fill")
    assert fill == "rgb(0, 0, 0)", "on paper"
    assert not opened.page.locator("#controls").is_visible()
    assert opened.page.locator(".scroll").first.evaluate("each => getComputedStyle(each).maxHeight") == "none"
    opened.page.emulate_media(media="screen", color_scheme="light")
