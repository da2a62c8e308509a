"""When that happened which set a run off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path


def began(environ: Mapping[str, str]) -> datetime:
    """The review's submission in a workflow of GitHub's (`GITHUB_EVENT_PATH`), the pipeline's beginning in one of
    GitLab's (`CI_PIPELINE_CREATED_AT`), else now."""
    try:
        event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_bytes())
        return _with_zone(datetime.fromisoformat(event["review"]["submitted_at"]))
    except (KeyError, TypeError, OSError, ValueError):
        pass
    try:
        return _with_zone(datetime.fromisoformat(environ["CI_PIPELINE_CREATED_AT"]))
    except (KeyError, ValueError):
        return datetime.now(UTC)


def _with_zone(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)
