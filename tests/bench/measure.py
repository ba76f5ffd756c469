"""What the kernel knows about processes: their processor time and their memory."""

import os
import pathlib
import re
import resource

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def raise_descriptor_limit():
    """Raise the descriptor limit, which children inherit, as far as allowed; return it."""
    ceiling = int(pathlib.Path("/proc/sys/fs/nr_open").read_text())
    for wanted in (ceiling, 262144):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            return wanted
        except (ValueError, OSError):
            continue
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def family(pid):
    """The process and all its descendants."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            status = _read(f"/proc/{entry}/stat")
            if status:
                # The command may hold spaces and brackets; the fields start after its last one.
                parents[int(entry)] = int(status.rpartition(")")[2].split()[1])
    found = [pid]
    for member in found:
        found.extend(child for child, parent in parents.items() if parent == member)
    return found


def cpu_seconds(pids):
    """User and system time of all threads of these processes."""
    return sum(_cpu_of(pid) for pid in pids)


def _cpu_of(pid):
    """From schedstat in nanoseconds, or else from utime and stime in ticks of 10 ms."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return 0.0
    texts = [_read(f"/proc/{pid}/task/{thread}/schedstat") for thread in threads]
    if all(texts):
        return sum(int(text.split()[0]) for text in texts) / 1e9
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def private_bytes(pids):
    """Memory that is these processes' own: Private_Dirty, which takes in all anonymous memory."""
    return sum(_number(_read(f"/proc/{pid}/smaps_rollup"), r"Private_Dirty:\s+(\d+)") * 1024
               for pid in pids)


def kernel_bytes():
    """Slab and socket buffers of the whole machine."""
    slab = _number(_read("/proc/meminfo"), r"Slab:\s+(\d+)") * 1024
    pages = _number(_read("/proc/net/sockstat"), r"TCP:.* mem (\d+)")
    return slab + pages * PAGE


def _read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def _number(text, pattern):
    found = re.search(pattern, text)
    return int(found.group(1)) if found else 0
