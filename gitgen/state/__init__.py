"""The state of a session: the fold of its branch's log, nothing else."""
