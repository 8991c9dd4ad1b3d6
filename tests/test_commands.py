"""Every command that README, docs, the templates and messages name exists: target, script, option and setting."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest
from joulesweep.pipeline.configuration import config_schema

from tests.digits_model import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "examples").glob("*/README.md"))
TEMPLATES = sorted((ROOT / "workflow" / "templates").glob("*.j2"))
CODE = [*sorted((ROOT / "workflow").rglob("*.py")), ROOT / "Snakefile", ROOT / "Makefile"]

_FENCE = re.compile(r"^ *```(?:sh|bash)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:make|snakemake|python)(?: [^`\n]+)?)`")
_MESSAGE = re.compile(
    r"\b(make (?:all|doctor|report|lab_report|compare|example|fleet|remeasure|again|pull|pack|unpack|test|lint)\b(?: [A-Z]+=[^\s\"'`;,)]+)*)"
)


def _commands() -> dict[str, str]:
    """Each command with the file that names it first."""
    commands: dict[str, str] = {}
    for page in (*PAGES, *TEMPLATES):
        words = page.read_text(encoding="utf-8").replace("{{ directory_option }}", " DIRECTORY=FOLDER")
        words = re.sub(r"\{\{.*?\}\}", "NAME", words)
        lines = [line for block in _FENCE.findall(words) for line in block.splitlines()]
        for line in [*lines, *_INLINE.findall(words)]:
            command = re.sub(r"\s+#.*", "", line).strip()
            if command:
                commands.setdefault(command, page.name)
    for file in CODE:
        for command in _MESSAGE.findall(file.read_text(encoding="utf-8")):
            commands.setdefault(command, file.name)
    return commands


COMMANDS = _commands()
_MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
_TARGETS = set(re.findall(r"^([a-z][a-z_-]*):", _MAKEFILE, re.MULTILINE))
_SETTINGS = set(re.findall(r"\$\(([A-Z]+)\)|#\s+([A-Z]+)=", _MAKEFILE))
_RULES = set(re.findall(r"^rule (\w+):", "\n".join(
    file.read_text(encoding="utf-8") for file in (ROOT / "Snakefile", *(ROOT / "workflow/rules").glob("*.smk"))
), re.MULTILINE))  # fmt: skip
# Programs of the system, which the pages tell a reader to install or run.
_OTHERS = {
    "sudo",
    "brew",
    "git",
    "rm",
    "cd",
    ".",
    "xcode-select",
    "pip",
    "tar",
    "ssh",
    "export",
    "tail",
    "docker",
    "echo",
}


def test_pages_and_messages_name_commands():
    assert {"make all", "make doctor", "make report", "make lab_report", "snakemake --cores 1 all"} <= set(COMMANDS)
    assert any(command.startswith("make remeasure MODEL=") for command in COMMANDS)


@pytest.mark.parametrize("command", sorted(c for c in COMMANDS if c.split()[0] == "make"))
def test_a_make_command_has_targets_and_settings_that_exist(command):
    settings = {name for names in _SETTINGS for name in names if name}
    for word in shlex.split(command)[1:]:
        name, is_setting, _ = word.partition("=")
        assert name in (settings if is_setting else _TARGETS), f"{COMMANDS[command]}: {command}"


@pytest.mark.parametrize("command", sorted(c for c in COMMANDS if c.split()[0] == "snakemake"))
def test_a_snakemake_command_names_a_rule_and_options_that_exist(command):
    usage = _snakemake_help()
    words = shlex.split(command)[1:]
    for word in words:
        if word.startswith("-"):
            assert re.search(rf"(?<![\w-]){re.escape(word.split('=')[0])}(?![\w-])", usage), (
                f"{COMMANDS[command]}: {word}"
            )
        elif "=" in word:
            assert word.split("=")[0] in config_schema.schema()["properties"], f"{COMMANDS[command]}: {command}"
        elif "/" not in word and "." not in word and not word.isdigit() and word not in ("FILE", "TARGET"):
            assert word in _RULES, f"{COMMANDS[command]}: {command}"


@pytest.mark.parametrize("command", sorted(c for c in COMMANDS if c.split()[0].startswith("python")))
def test_a_python_command_names_a_script_that_exists_and_its_options(command):
    words = shlex.split(command)
    scripts = [word for word in words[1:] if word.endswith(".py")]
    for script in scripts:
        file = ROOT / script
        assert file.is_file(), f"{COMMANDS[command]}: {command}"
        for option in (word.split("=")[0] for word in words if word.startswith("--")):
            assert option in file.read_text(encoding="utf-8"), f"{COMMANDS[command]}: {option}"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_command_begins_with_a_program_that_the_project_or_the_system_has(command):
    program = command.split()[0]
    known = program in _OTHERS or program.partition("=")[1] or program.startswith(("make", "snakemake", "python"))
    assert known or shutil.which(program) or (ROOT / program).exists(), f"{COMMANDS[command]}: {command}"


@pytest.mark.parametrize(
    "page", [*PAGES, *sorted((ROOT / "docs" / "decisions").glob("*.md"))], ids=lambda page: page.name
)
def test_every_link_of_a_page_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith("http"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            headings = re.findall(r"^#+ (.*)", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, link


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name in ("README.md", "adding.md", "glossary.md")], ids=lambda p: p.name
)
def test_every_file_that_a_page_names_exists(page):
    words = page.read_text(encoding="utf-8")
    library = ROOT / "workflow" / "scripts" / "joulesweep"
    made = {
        "meters/ina219.py",
        "runtimes/onnxruntime_arena_off.py",
        "runtimes/exported_program.py",
        "formats/exported_program.py",
        "sources/huggingface_vision.py",
        "hypotheses/is_below.py",
        "datasets/wine.py",
        "metrics/rmse.py",
    }
    made |= {"figures/parameters_vs_latency.py"}
    for name in re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|md|yaml|j2))`", words):
        if name not in made and "NAME" not in name:
            assert (ROOT / name).exists() or (library / name).exists(), f"{page.name}: {name}"


def _snakemake_help() -> str:
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--help"], capture_output=True, text=True, check=True
    ).stdout
