"""Short digests of contents: the first 16 hexadecimal digits of the SHA-256."""

import hashlib
from pathlib import Path


def of_text(text: str) -> str:
    """Digest of a text, such as the canonical JSON of a configuration."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def of_file(file: Path) -> str:
    """Digest of a file's bytes."""
    content = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):  # hashlib.file_digest needs Python 3.11
            content.update(block)
    return content.hexdigest()[:16]
