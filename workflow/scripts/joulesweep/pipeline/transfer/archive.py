"""Archives of results: what a report needs, and nothing but plain files below results/ comes out again."""

import errno
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from joulesweep.errors import UserError, shortened
from joulesweep.launches import merge_inputs

# Beside what the merge reads: every journal.
PATTERNS = (*merge_inputs.PATTERNS, "devices/*/*/*.jsonl")
ARTEFACTS = "models/*/*"
_DEEPEST = 8  # parts of a path below results/
_CHUNK = 1 << 20  # bytes


def pack(results: Path, out: Path, artefacts: bool = False) -> int:
    """Write an archive of what a report needs, and with `artefacts` of the models' files; returns the number of files.

    Raises:
        UserError: there is nothing to pack, or the archive cannot be written.
    """
    patterns = (*PATTERNS, ARTEFACTS) if artefacts else PATTERNS
    files = sorted({path for pattern in patterns for path in results.glob(pattern) if _is_plain(path)})
    if not files:
        raise UserError(f"{results}: there is nothing to pack; make all measures first")
    temporary = out.with_name(f".{out.name}.part")
    try:
        with tarfile.open(temporary, "w:gz") as tar:
            for path in files:
                tar.add(path, PurePosixPath("results", path.relative_to(results).as_posix()), recursive=False)
        temporary.replace(out)
    except OSError as error:
        raise UserError(f"{error.filename or out}: cannot be packed: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return len(files)


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not path.name.startswith(".")


def unpack(file: Path, folder: Path) -> None:
    """Write the files of an archive below a folder that holds nothing yet: its `results/` is the folder.

    Raises:
        UserError: the archive cannot be read, does not fit on the disk, or holds anything but plain files and folders
            below `results/`; the first such thing, by name.
    """
    if not file.is_file():
        raise UserError(f"unpack: there is no file {shortened(str(file), 150)}")
    try:
        with tarfile.open(file) as tar:
            members = list(_checked(file, tar))
            free = shutil.disk_usage(folder).free
            if sum(member.size for member, _ in members) > free // 2:
                raise UserError(f"{file}: does not fit on the disk, which has {free / 1e6:.0f} MB left")
            for member, path in members:
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                content = tar.extractfile(member)
                assert content is not None
                with content, target.open("xb") as copy:
                    shutil.copyfileobj(content, copy)
            assert tar.fileobj
            while tar.fileobj.read(_CHUNK):  # to its end, where the checksum of all is compared
                pass
    except UserError:
        raise
    except Exception as error:  # of an archive that is damaged, tarfile raises whatever its parts raise
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(f"{folder}: the disk is full; make room, then repeat") from error
        reason = shortened(str(error).partition(":")[0] or type(error).__name__, 100)
        cure = "copy it again, or pack it again with make pack"
        raise UserError(f"{file}: cannot be unpacked, it is no archive or is damaged ({reason}); {cure}") from error


def _checked(file: Path, tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, PurePosixPath]]:
    """The plain files of an archive with their paths below `results/`."""
    seen = set()
    for member in tar:
        path = PurePosixPath(member.name)
        name = shortened(repr(member.name), 80)
        if path.is_absolute() or ".." in path.parts or len(path.parts) > _DEEPEST or not member.name.isprintable():
            raise UserError(f"{file}: refused, {name} is no path of a result, such as results/devices/pi/device.json")
        if not (member.isreg() or member.isdir()):
            raise UserError(f"{file}: refused, {name} is neither a file nor a folder; only those come in")
        if path.parts[:1] not in ((), ("results",)):
            raise UserError(f"{file}: refused, {name} lies outside results/; make pack makes archives that fit")
        if member.isreg():
            if path in seen or len(path.parts) < 2:
                raise UserError(f"{file}: refused, {name} is there twice or is no file of results/")
            seen.add(path)
            yield member, path.relative_to("results")
