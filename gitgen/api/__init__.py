"""What a script can use of gitgen, beside what a step uses itself. `docs/api.md` tells of all of it."""
