"""A make command that a message names works on the folder in which the message was written."""

import pytest
from joulesweep.system.working_folder import directory_option

from tests.digits_model import ROOT


@pytest.mark.parametrize(
    ("folder", "option"), [(".", ""), ("examples/minilm", " DIRECTORY=examples/minilm"), ("docs", " DIRECTORY=docs")]
)
def test_a_folder_of_the_project_is_named_relative_to_it_and_the_project_not_at_all(folder, option, monkeypatch):
    monkeypatch.chdir(ROOT / folder)
    assert directory_option() == option


def test_another_folder_is_named_by_its_whole_path_as_a_shell_takes_it(tmp_path, monkeypatch):
    folder = tmp_path / "my study"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert directory_option() == f" DIRECTORY='{folder.resolve()}'"
