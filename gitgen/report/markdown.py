"""A model's Markdown as HTML that holds no HTML of the model's: the one door to markdown-it."""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from gitgen.report.code import block
from gitgen.report.plain import plural, visible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MOST = 200_000
"""Characters of a message that are shown."""
FOLDED = 16
"""A block of code of more lines than this is folded: the files it makes stand in the diff."""
_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)


def markdown(text: str) -> Markup:
    """A message as HTML: no raw HTML, no images, no anchors, links only to the web; line breaks as written."""
    more = len(text) - MOST
    note = f"\n\n… {more:,} more characters" if more > 0 else ""
    # What this returns is markdown-it's own markup around escaped text.
    return Markup(_parser().render(visible(text[:MOST]) + note))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    # An image would be a request to whoever is named as its source.
    parser.disable(["image", "html_block", "html_inline"])
    parser.validateLink = lambda url: bool(_LINK.match(url))  # type: ignore[method-assign]
    for name, rule in (
        ("fence", _fence),
        ("code_block", _fence),
        ("heading_open", _heading),
        ("heading_close", _heading),
    ):
        parser.add_render_rule(name, rule)
    parser.add_render_rule("link_open", _link)
    return parser


def _fence(_: Any, tokens: Sequence[Token], at: int, *__: Any) -> str:
    token = tokens[at]
    language = token.info.strip().split(" ")[0] if token.info.strip() else ""
    lines = token.content.count("\n")
    code = Markup("<pre><code>{}</code></pre>").format(block(token.content, language))
    if lines <= FOLDED:
        return str(code)
    about = escape(", ".join(filter(None, (language, plural(lines, "line")))))
    return str(Markup("<details class=code><summary>{}</summary>{}</details>").format(about, code))


def _heading(_: Any, tokens: Sequence[Token], at: int, *__: Any) -> str:
    # Below the headings of the page itself.
    token = tokens[at]
    level = min(6, int(token.tag[1:]) + 3)
    return f"<h{level}>" if token.nesting == 1 else f"</h{level}>\n"


def _link(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]) -> str:
    tokens[at].attrSet("rel", "noopener noreferrer nofollow")
    return str(renderer.renderToken(tokens, at, options, env))
