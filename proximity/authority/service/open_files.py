"""How many files and connections this process may have open."""

import sys

# More would need more memory than a district's machine has.
_MOST_FILES = 32_768
# For the database, exports, messages and the program itself.
RESERVED = 128
_FEWEST_CONNECTIONS = 16


def raise_file_limit() -> int:
    """Let this process open as many files as it may; return how many those are."""
    if sys.platform == "win32":
        return _MOST_FILES
    # Not on every system, so not at the top.
    import resource  # noqa: PLC0415

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = hard == resource.RLIM_INFINITY
    wanted = _MOST_FILES if unlimited else min(hard, _MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def most_connections(files: int) -> int:
    """Return how many connections leave the program its own files."""
    return max(_FEWEST_CONNECTIONS, files - RESERVED)
