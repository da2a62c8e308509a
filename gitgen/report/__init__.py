"""A session as one self-contained HTML page."""

from __future__ import annotations

from gitgen.git import GitFailed
from gitgen.report.bench import bench_page
from gitgen.report.code import Colours
from gitgen.report.page import MARK, page
from gitgen.report.reading import read
from gitgen.repository import Repository
from gitgen.state.commits import Session

__all__ = ("MARK", "bench_page", "report_of")


def report_of(repository: Repository, session: Session) -> str:
    """The page; it loads nothing, and no text in it can become script, whoever wrote it."""

    def blob(oid: str) -> bytes | None:
        try:
            return repository.git.read(oid)
        except GitFailed:
            return None

    return page(read(repository, session), Colours(blob))
