"""Run a command and print, after what it says, the most memory that it or a process of it had at a time, in kB.

A large process's own memory would count for the children that it starts, so this small one stands between:
`python -S benchmarks/weigh.py COMMAND...`.
"""

import os
import sys

pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(pid, 0)
sys.stdout.write(f"{used.ru_maxrss}\n")
sys.exit(os.waitstatus_to_exitcode(status))
