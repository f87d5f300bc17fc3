"""CPU time and memory of a process and of everything below it, read from /proc (Linux)."""

import os
from pathlib import Path

_TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def used_us(root: int) -> float:
    """µs of user and system time, reaped children included."""
    total = 0
    for pid in _tree(root):
        fields = _stat(pid)
        total += sum(int(field) for field in fields[11:15]) if pid == root else int(fields[11]) + int(fields[12])
    return total * _TICK_US


def resident_bytes(root: int) -> int:
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE for pid in _tree(root))


def private_bytes(pid: int) -> int:
    """Memory that is the process's own: without the pages of files that it maps."""
    told = Path(f"/proc/{pid}/status").read_text()
    return int(told.partition("RssAnon:")[2].split()[0]) * 1024


def _tree(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += parents.get(pid, [])
    return found


def _stat(pid: int) -> list[str]:
    """Fields from the state on: [0] state, [1] ppid, [11] utime, [12] stime, [13] cutime, [14] cstime."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
