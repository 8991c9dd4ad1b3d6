"""The user's Python file: it runs as if by itself, hides nothing that is installed, and what is wrong with it is one line."""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from joulesweep import plugins
from joulesweep.errors import UserError

from tests.digits_model import digits_spec

torch = pytest.importorskip("torch")

NET = "from torch import nn\ndef build(): return nn.Linear(2, 2)\n"


def _build(folder: Path, content: str, function: str = "build", file: str = "mine_c.py", **arguments: Any) -> Any:
    (folder / file).write_text(content, encoding="utf-8")
    spec = {**digits_spec(), "name": "mine", "source": f"python:{folder}/{file}:{function}", "arguments": arguments}
    return plugins.load("sources", "python")().build(spec)


def _refusal(folder: Path, content: str, **more: Any) -> str:
    with pytest.raises(UserError) as raised:
        _build(folder, content, **more)
    text = str(raised.value)
    assert text.startswith("models.mine.source: ")
    assert "\n" not in text
    assert len(text) <= 300
    return text.removeprefix("models.mine.source: ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("import sys\n\nsys.exit('no GPU')\n", "mine_c.py, line 3: ends the interpreter (no GPU)"),
        ("raise SystemExit\n", "mine_c.py, line 1: ends the interpreter (status None)"),
        ("quit(3)\n", "mine_c.py, line 1: ends the interpreter (status 3)"),
        (
            "import argparse\np = argparse.ArgumentParser()\np.add_argument('--data', required=True)\np.parse_args()\n",
            "mine_c.py, line 4: ends the interpreter (mine_c.py: error: the following arguments are required: --data)",
        ),
        ("input('which? ')\n", "mine_c.py, line 1: EOFError: EOF when reading a line"),
        ("import no_such_module_x\n", "mine_c.py, line 1: no_such_module_x is neither installed nor a file beside it"),
        ("from . import other\n", "mine_c.py, line 1: ImportError: attempted relative import"),
        ("x = 1\ndef build(:\n", "mine_c.py, line 2: SyntaxError: invalid syntax"),
        ("def build():\nreturn 1\n", "mine_c.py, line 2: IndentationError: expected an indented block"),
        ("x = '\x00'\n", "mine_c.py: SyntaxError: source code"),
        ("1 / 0\n", "mine_c.py, line 1: ZeroDivisionError: division by zero"),
        (NET + "def build():\n    return nn.Linear(2, 'x')\n", "mine_c.py, line 4: TypeError: "),
        ("def build():\n    import sys\n    sys.exit('later')\n", "mine_c.py, line 3: ends the interpreter (later)"),
        (
            "from torch import nn\nclass Net(nn.Module): pass\ndef build(): return Net\n",
            "mine_c.py, line 3: build() returns the class Net; return an instance, Net()",
        ),
        ("async def build(): pass\n", "mine_c.py, line 1: build() returns coroutine; expected a torch.nn.Module"),
        ("def build(): return None\n", "mine_c.py, line 1: build() returns NoneType; expected a torch.nn.Module"),
        ("build = 3\n", "has no function 'build'"),
        (
            "x = 1\ndef build(classes, *, width): pass\n",
            "mine_c.py, line 2: build() needs classes, width; write arguments: ",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:coroutine")
def test_what_is_wrong_is_one_line_with_file_line_and_cause(tmp_path, content, words, capfd):
    assert words in _refusal(tmp_path, content)
    assert capfd.readouterr() == ("", "")


def test_a_fault_in_a_file_beside_it_is_found_there(tmp_path):
    (tmp_path / "neighbour_with_fault.py").write_text("\n\nx = [][1]\n")
    assert "neighbour_with_fault.py, line 3: IndexError" in _refusal(tmp_path, "import neighbour_with_fault\n")
    (tmp_path / "neighbour_with_typo.py").write_text("x = (\n")
    assert "neighbour_with_typo.py, line 1: SyntaxError" in _refusal(tmp_path, "import neighbour_with_typo\n")


def test_arguments_of_the_configuration_reach_the_function(tmp_path):
    content = "from torch import nn\ndef build(classes, width=3): return nn.Linear(width, classes)\n"
    assert _build(tmp_path, content, classes=5).out_features == 5
    assert _build(tmp_path, content, classes=5, width=7).in_features == 7
    assert "takes no 'clases' (did you mean 'classes'?); it takes classes, width" in _refusal(
        tmp_path, content, classes=1, clases=5
    )


def test_the_file_has_a_command_line_of_its_own_and_prints_to_the_log(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["snakemake", "--cores", "1"])
    content = (
        "import sys, argparse\nfrom torch import nn\np = argparse.ArgumentParser()\np.add_argument('--width', default=4)\n"
        "a = p.parse_args()\nprint('hello')\nprint('there', file=sys.stderr)\nseen = list(sys.argv)\nsys.argv.append('x')\n"
        "def build():\n    print('building')\n    m = nn.Linear(a.width, 2)\n    m.seen = seen\n    return m\n"
    )
    module = _build(tmp_path, content)
    assert module.in_features == 4
    assert module.seen == [f"{tmp_path}/mine_c.py"]
    assert sys.argv == ["snakemake", "--cores", "1"]
    assert capfd.readouterr() == ("", "")


IMPORTS = """
import sys; sys.path[:0] = ["workflow/scripts"]
from joulesweep import plugins
spec = {"name": "m", "source": f"python:{sys.argv[1]}/net.py:build", "weights": "random", "axes": {}, "content": {}}
module = plugins.load("sources", "python")().build(spec)
import importlib
from pathlib import Path
for name in sys.argv[2:]:
    try:
        file = importlib.import_module(name).__file__ or ""
    except ImportError:
        continue
    except AttributeError:
        continue
    assert Path(sys.argv[1]) not in Path(file).parents, file
print(module.in_features)
"""


NAMES = ("onnx", "random", "torch", "types", "numpy", "colorsys", "safetensors", "onnxscript", "not_installed_xyz")


@pytest.mark.parametrize("inside", [False, True])
def test_the_user_s_folder_hides_nothing_that_is_installed_and_its_own_files_are_found(tmp_path, inside):
    """In a process of its own, where most of these are not imported yet; the files end the process if they are run."""
    for name in NAMES:
        if inside:
            (tmp_path / name).mkdir()
            (tmp_path / name / "__init__.py").write_text("raise SystemExit('hidden')\n")
        else:
            (tmp_path / f"{name}.py").write_text("raise SystemExit('hidden')\n")
    (tmp_path / "export.py").write_text("WIDTH = 6\n")  # one of Joulesweep's own scripts has this name too
    (tmp_path / "own_helper.py").write_text("from export import WIDTH\n")
    (tmp_path / "net.py").write_text(
        "import sys, os\nsys.path.insert(0, os.path.dirname(__file__))\nfrom torch import nn\n"
        "from own_helper import WIDTH\ndef build():\n    from export import WIDTH as again\n    return nn.Linear(again, 2)\n"
    )
    command = [sys.executable, "-c", IMPORTS, str(tmp_path), *NAMES, "torch.onnx"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "6"), done.stderr


@pytest.mark.parametrize("name", ["random", "types", "onnx", "torch"])
def test_a_model_s_own_file_may_have_the_name_of_a_library(tmp_path, name):
    assert _build(tmp_path, NET, file=f"{name}.py").in_features == 2
    assert random.random() < 1
    assert Path(__import__(name).__file__).parent != tmp_path
