"""What may have been left running."""

from pathlib import Path


def processes_of(folder: Path) -> list[str]:
    """List the processes that were told of this folder by their environment."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"={folder}/".encode() in (path / "environ").read_bytes():
                found.append((path / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it ended, or is not ours
    return found
