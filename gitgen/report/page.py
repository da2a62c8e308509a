"""The page around a report: the one door to jinja2."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from gitgen import __version__
from gitgen.report import chart, plain
from gitgen.report.code import Colours
from gitgen.report.markdown import markdown
from gitgen.report.values import Entry, FileDiff, Report

if TYPE_CHECKING:
    from jinja2 import Environment

MARK = '<meta name="generator" content="gitgen report'
"""What tells a report of gitgen from any other file, near its beginning."""
TEMPLATES = Path(__file__).parent / "templates"
OPEN_STEPS = 6
"""A session of no more entries is shown unfolded."""
OPEN_ROWS = 100
"""A file of no more changed lines is shown unfolded."""


def page(report: Report, colours: Colours) -> str:
    """The report as one HTML document that needs no other file."""
    days = [(day, list(entries)) for day, entries in groupby(report.entries, lambda entry: entry.when.date())]
    return render(
        "report.html",
        report=report,
        days=days,
        open=len(report.entries) <= OPEN_STEPS,
        bars=chart.bars(report.steps),
        sums=chart.sums(report.steps),
        filters=_filters(report),
        rows=colours.rows,
    )


def render(template: str, **values: Any) -> str:
    """A template of ours filled in, with the style, the script, and the policy that allows nothing but these."""
    style, script = _text("style.css"), _text("script.js")
    return (
        _environment()
        .get_template(template)
        .render(
            values,
            # Texts of our own, without a word from a session.
            style=Markup(style),
            script=Markup(script),
            policy=_policy(style, script),
            mark=Markup(MARK),
            version=__version__,
        )
    )


def _policy(style: str, script: str) -> str:
    """What the page may do (W3C, Content Security Policy Level 3): run this script, use this style, nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(script)}",
            f"style-src {_hash(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "markdown": markdown,
        "number": plain.number,
        "size": plain.size,
        "duration": plain.duration,
        "plural": plain.plural,
        "code": _code_of,
        "unfolded": _unfolded,
        "rest": _rest,
        "more": _more,
    }
    return environment


def _shown(value: Any) -> Any:
    """What stands in an expression of a template: markup as it is, everything else without unseen characters."""
    return value if isinstance(value, Markup) else plain.visible(str(value))


def _code_of(oid: str) -> str:
    return oid[:10]


def _unfolded(file: FileDiff) -> bool:
    return file.added + file.removed <= OPEN_ROWS


def _rest(file: FileDiff, entry: Entry) -> str:
    """The command that shows the whole of a change."""
    return f"git show {entry.commit.oid[:10]} -- {quote(file.path)}"


def _more(entry: Entry) -> list[tuple[str, str]]:
    """The trailers of a step that the page does not show elsewhere, without their `Gitgen-`."""
    shown = ("Session", "Step", "Status", "Model", "Usage", "Log", "Test", "Exit-Code", "Sandbox", "Plan")
    words = ((key.removeprefix("Gitgen-"), value) for key, value in entry.commit.trailers.items())
    return [(key.replace("-", " "), value) for key, value in words if key not in shown and not key.endswith("Tokens")]


def _filters(report: Report) -> dict[str, list[tuple[str, int]]]:
    """What the entries can be told apart by, each with its number; only where there is more than one."""
    values = {
        "status": [entry.status for entry in report.entries],
        "step": [entry.commit.step for entry in report.steps],
        "model": [entry.commit.model for entry in report.steps if entry.commit.model],
    }
    counted = {key: [(name, found.count(name)) for name in dict.fromkeys(found)] for key, found in values.items()}
    return {key: names for key, names in counted.items() if len(names) > 1}
