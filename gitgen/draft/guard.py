"""The files that no edit of a step may touch.

Those that the user gave to be read only; and where other people's words are what asks, whatever runs by itself, unless
the user allows it.
"""

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


def reference_in(inputs: Mapping[str, Any]) -> tuple[str, ...]:
    """The paths that a step was given to be read only."""
    return tuple(inputs.get("read", ()))


def held_back(
    changes: Changes, allowed: Sequence[str] | None, reference: Sequence[str] = ()
) -> tuple[Mapping[str, Blob | None], tuple[Refusal, ...]]:
    """The changes that may be made, and a refusal for each that may not."""
    refused = {path: why for path in changes if (why := _why_not(path, allowed, reference))}
    kept = {path: blob for path, blob in changes.items() if path not in refused}
    return kept, tuple(Refusal(KIND, why, path) for path, why in refused.items())


def _why_not(path: str, allowed: Sequence[str] | None, reference: Sequence[str]) -> str:
    if path in reference:
        return "the file is given for reference, and may not be changed"
    if allowed is not None and _guarded(path, allowed):
        return "workflows, hooks and Git's own files are not changed on a reviewer's word"
    return ""


def _guarded(path: str, allowed: Sequence[str]) -> bool:
    return bool(_RUNS.search(path)) and not any(fnmatchcase(path, pattern) for pattern in allowed)
