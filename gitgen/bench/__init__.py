"""Tasks times configurations times models: each run a session's branch, and the results a reading of those."""
