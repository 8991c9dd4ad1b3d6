"""The manifest: which file serves which point."""

import pytest
from joulesweep.errors import Unsupported, UserError
from joulesweep.model.manifest import Manifest, entry


@pytest.fixture
def manifest(tmp_path):
    file = tmp_path / "model-8.onnx"
    file.write_bytes(b"graph")
    found = Manifest("m", "s", "d", "i", {"name": "m"}, tmp_path)
    found.artefacts["onnx"] = [entry(file, {"size": 8}, 4)]
    found.errors = {"onnx-int8": "no quantiser", "size=99": "too large"}
    return found


def test_a_manifest_is_read_as_it_was_written(manifest, tmp_path):
    manifest.write(tmp_path / "manifest-x.json")
    assert Manifest.read(tmp_path / "manifest-x.json") == manifest


def test_a_file_for_one_size_serves_that_size_alone(manifest):
    assert manifest.artefact("onnx", {"batch": 3, "size": 8, "sequence": None}).file.name == "model-8.onnx"
    with pytest.raises(Unsupported, match="size=16"):
        manifest.artefact("onnx", {"batch": 3, "size": 16, "sequence": None})


def test_what_could_not_be_exported_is_told_by_its_reason(manifest):
    with pytest.raises(Unsupported, match="no quantiser"):
        manifest.artefact("onnx-int8", {"size": 8})
    with pytest.raises(Unsupported, match="does not run at size=99: too large"):
        manifest.artefact("onnx", {"size": 99})


def test_a_manifest_answers_where_every_point_has_a_whole_file_or_a_reason(manifest):
    point = {"size": 8, "sequence": None}
    assert manifest.is_complete_for(["onnx", "onnx-int8"], [point, {"size": 99, "sequence": None}])
    assert not manifest.is_complete_for(["onnx"], [{"size": 16, "sequence": None}])
    assert not manifest.is_complete_for(["module"], [point])
    (manifest.folder / "model-8.onnx").write_bytes(b"graqh")
    assert not manifest.is_complete_for(["onnx"], [point])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 99, "artefacts": {}}', '{"schema": 1, "artefacts": {}}'])
def test_what_is_no_manifest_is_one_line(tmp_path, text):
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(UserError, match="run the export again"):
        Manifest.read(tmp_path / "m.json")
