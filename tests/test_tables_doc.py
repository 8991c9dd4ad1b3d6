"""docs/tables.md says what the tables are."""

from joulesweep.analysis.report.tables_doc import render

from tests.digits_model import ROOT


def test_the_page_on_the_tables_is_what_the_definitions_render():
    """Make it anew with: PYTHONPATH=workflow/scripts python -m joulesweep.analysis.report.tables_doc > docs/tables.md"""
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == render(), (
        "make docs/tables.md anew, see the test"
    )
