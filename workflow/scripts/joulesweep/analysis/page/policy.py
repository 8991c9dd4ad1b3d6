"""What keeps the page to itself: its content-security policy, and data and scripts that cannot end the element they lie in."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

_ENDS = re.compile(r"<(?=/script|!--)", re.IGNORECASE)


def policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """A content-security policy under which the page makes no request, and runs only these scripts and styles.

    Images are those that lie in the page. Nothing is evaluated from text (`eval`), and no style inside an element is applied.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_source, scripts))}",
            f"style-src {' '.join(map(_source, styles))}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _source(text: str) -> str:
    """A script or a style as a source of the policy: by its digest."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def script(text: str) -> str:
    """A script that can lie in a page: what would end its element or begin a comment is written as a character code.

    Such text occurs inside strings and regular expressions only, where the code means the same.
    """
    return _ENDS.sub(r"\\x3c", text)


def packed(content: Any) -> str:
    """Data as JSON, compressed, in letters and digits only. Equal data give equal text."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode("ascii")
