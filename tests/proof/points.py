"""Points of git at which it can be killed from outside."""

from __future__ import annotations

FILE_CALLS = (
    *("write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2"),
    *("link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir"),
)
"""The system calls by which git changes something; not every machine has each."""
REF_HOOK = """#!/bin/sh
# Kills at a chosen state of a transaction of refs (man githooks, "reference-transaction").
test -n "$PROOF_COUNT" || exit 0
echo "$1" >> "$PROOF_COUNT"
test "$(wc -l < "$PROOF_COUNT")" = "$PROOF_AT" || exit 0
test "$PROOF_WHOM" = gitgen || kill -9 $PPID
test "$PROOF_WHOM" = git || kill -9 "$PROOF_PID"
"""
