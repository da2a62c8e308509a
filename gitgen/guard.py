"""The files that no edit may touch when other people's words are what asks for it, unless the user allows it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from gitgen.errors import Refusal
from gitgen.values import Blob, Changes

KIND = "guarded"
# What runs by itself, on a push or on a commit, or tells Git what to run.
_RUNS = re.compile(
    r"(?:^|/)\.git[^/]*(?:/|$)"  # .github/, .gitlab-ci.yml, .gitea/, .gitattributes, .githooks/
    r"|^(?:\.circleci|\.woodpecker|\.husky|\.buildkite|\.forgejo|hooks)/"
    r"|(?:^|/)(?:\.travis|\.appveyor|\.drone|\.woodpecker|\.cirrus|azure-pipelines|bitbucket-pipelines|appveyor)\.ya?ml$"
    r"|(?:^|/)(?:\.pre-commit-(?:config|hooks)|\.?lefthook(?:-local)?|action)\.ya?ml$"
    r"|(?:^|/)(?:Jenkinsfile|\.lefthook)",
    re.IGNORECASE,
)


def allowed_by(inputs: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The patterns of guarded paths that a step may touch all the same; None where nothing is guarded."""
    guard = inputs.get("guard")
    return tuple(map(str, guard)) if isinstance(guard, list) else None


def held_back(changes: Changes, allowed: Sequence[str] | None) -> tuple[Mapping[str, Blob | None], tuple[Refusal, ...]]:
    """The changes that may be made, and a refusal for each that may not."""
    if allowed is None:
        return changes, ()
    kept = {path: blob for path, blob in changes.items() if not _guarded(path, allowed)}
    reason = "workflows, hooks and Git's own files are not changed on a reviewer's word"
    return kept, tuple(Refusal(KIND, reason, path) for path in changes if path not in kept)


def _guarded(path: str, allowed: Sequence[str]) -> bool:
    return bool(_RUNS.search(path)) and not any(fnmatchcase(path, pattern) for pattern in allowed)
