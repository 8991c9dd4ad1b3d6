"""What a stage wrote whose products are not known beforehand: so a lost or changed one is noticed.

The stage writes one declared file, its list of products, which holds the digest of each. Standard library only: the
Snakefile calls `token` while it is parsed.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from joulesweep import digest
from joulesweep.system.files import replace_text


def write(listing: Path, token: str, names: Iterable[str], **more: Any) -> None:
    """List the files `names`, which lie beside `listing`, with the token that the stage was given, and what else it says."""
    files = {name: digest.of_file(listing.parent / name) for name in names}
    replace_text(listing, json.dumps({"token": token, "files": files, **more}, indent=1, ensure_ascii=False) + "\n")


def read(listing: Path) -> Mapping[str, Any]:
    """What `write` wrote.

    Raises:
        OSError, ValueError: there is none, or it is damaged.
    """
    content = json.loads(listing.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not isinstance(content.get("files"), dict):
        raise ValueError(f"{listing} lists no files")
    return content


def token(listing: Path) -> str:
    """Returns the stage's last token while every listed file is as the stage wrote it, and a new one otherwise.

    As a param of the stage it makes a lost or changed product stale, which Snakemake cannot see: it knows the list only.
    """
    try:
        content = read(listing)
        changed = [name for name, written in content["files"].items() if _digest(listing.parent / name) != written]
        return digest.of_text(f"{content['token']} {changed}") if changed else str(content["token"])
    except (OSError, ValueError, KeyError):  # nothing was written yet, or nothing that can be used
        return ""


def _digest(file: Path) -> str:
    try:
        return digest.of_file(file)
    except OSError:
        return "unreadable"
