"""Cuts GitHub's own descriptions down to what gitgen uses, once for each new version of them.

    npm pack @octokit/openapi @octokit/graphql-schema, unpack both, then
    python -m tests.forge.trim api.github.com.json schema.graphql

writes `rest.json.xz`, the routes in `ROUTES` and all that they refer to, and `schema.graphql.xz`, without its prose.
"""

from __future__ import annotations

import json
import lzma
import sys
from pathlib import Path
from typing import Any

from graphql import build_schema, print_schema

HERE = Path(__file__).parent
PULLS = "/repos/{owner}/{repo}/pulls"
ROUTES = {
    "/user": ("get",),
    "/repos/{owner}/{repo}": ("get",),
    PULLS: ("get", "post"),
    f"{PULLS}/{{pull_number}}": ("get", "patch"),
    f"{PULLS}/{{pull_number}}/requested_reviewers": ("post",),
    "/repos/{owner}/{repo}/issues/{issue_number}/labels": ("post",),
    "/repos/{owner}/{repo}/collaborators/{username}/permission": ("get",),
}


def trimmed(description: dict[str, Any]) -> dict[str, Any]:
    """The description of the routes in use, with the components that they need, without examples and prose."""
    paths = {
        path: {method: _bare(description["paths"][path][method]) for method in methods}
        for path, methods in ROUTES.items()
    }
    kept: dict[str, dict[str, Any]] = {}
    left = list(_references(paths))
    while left:
        _, _, kind, name = left.pop().split("/")
        if name not in kept.setdefault(kind, {}):
            kept[kind][name] = _bare(description["components"][kind][name])
            left += _references(kept[kind][name])
    info = {"title": "GitHub", "version": description["info"]["version"]}
    return {"openapi": description["openapi"], "info": info, "paths": paths, "components": kept}


def _bare(node: Any, name: str = "") -> Any:
    if isinstance(node, list):
        return [_bare(item) for item in node]
    if not isinstance(node, dict):
        return node
    # Below `properties` the keys are the names of fields.
    dropped = () if name == "properties" else ("examples", "example", "externalDocs", "x-github", "summary", "tags")
    kept = {key: _bare(value, key) for key, value in node.items() if key not in dropped}
    if name != "properties" and isinstance(kept.get("description"), str):
        kept["description"] = ""
    return kept


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for item in node for found in _references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [found for item in node.values() for found in _references(item)]


def without_prose(schema: str) -> str:
    """A GraphQL schema without its descriptions."""
    built = build_schema(schema, assume_valid_sdl=True)  # One type of it has a field twice.
    for kind in built.type_map.values():
        kind.description = None
        for member in {**getattr(kind, "fields", {}), **getattr(kind, "values", {})}.values():
            member.description = None
            for argument in getattr(member, "args", {}).values():
                argument.description = None
    return print_schema(built)


if __name__ == "__main__":
    rest, graphql = (Path(name).read_text(encoding="utf-8") for name in sys.argv[1:3])
    small = json.dumps(trimmed(json.loads(rest)), separators=(",", ":"))
    (HERE / "rest.json.xz").write_bytes(lzma.compress(small.encode(), preset=9))
    (HERE / "schema.graphql.xz").write_bytes(lzma.compress(without_prose(graphql).encode(), preset=9))
