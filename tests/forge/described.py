"""What the forges describe of their APIs: checks what is said, and fills in what no fact is needed for.

GitHub's descriptions are its own; see gitlab.yaml for where that one comes from.
"""

from __future__ import annotations

import json
import lzma
from functools import cache
from pathlib import Path
from typing import Any, cast

from graphql import GraphQLSchema, build_schema
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from ruamel.yaml import YAML

HERE = Path(__file__).parent
SERVERS = {"github": "https://forge.example/api/v3", "gitlab": "https://forge.example/api/v4"}


@cache
def schema() -> GraphQLSchema:
    """GitHub's GraphQL schema."""
    return build_schema(lzma.decompress((HERE / "schema.graphql.xz").read_bytes()).decode(), assume_valid=True)


@cache
def _description(forge: str = "github") -> dict[str, Any]:
    if forge == "gitlab":
        described: dict[str, Any] = YAML(typ="safe").load(HERE / "gitlab.yaml")
        return described
    described = json.loads(lzma.decompress((HERE / "rest.json.xz").read_bytes()))
    return {**described, "servers": [{"url": SERVERS[forge]}]}


@cache
def _checker(forge: str) -> OpenAPI:
    return OpenAPI.from_dict(_description(forge))


def check(forge: str, method: str, path: str, query: dict[str, str], body: bytes, status: int, reply: Any) -> list[str]:
    """What of a request and its reply is not as the forge describes them."""
    # PyGithub sends labels as a bare list, which GitHub takes but does not describe.
    bare_list = forge == "github" and path.endswith("/labels") and body.startswith(b"[")
    host, _, root = SERVERS[forge].partition("/api")
    request = MockRequest(
        host, method.lower(), f"/api{root}{path}", args=query, data=body, content_type="application/json"
    )
    content = b"" if reply is None else json.dumps(reply).encode()
    response = MockResponse(content, status_code=status, content_type="application/json")
    wrong = []
    if not bare_list:
        wrong += [f"request {method} {path}: {error}" for error in _checker(forge).iter_request_errors(request)]
    return wrong + [
        f"reply to {method} {path}: {error!r} {error.__cause__!r}"
        for error in _checker(forge).iter_response_errors(request, response)
    ]


def filled(name: str, facts: dict[str, Any]) -> Any:
    """The facts as an object of the kind that the description names, with all else that it must have."""
    return _filled({"$ref": f"#/components/schemas/{name}"}, facts)


def _filled(node: dict[str, Any], fact: Any = ...) -> Any:
    if "$ref" in node:
        return _filled(_description()["components"]["schemas"][node["$ref"].rsplit("/", 1)[1]], fact)
    if "allOf" in node or "anyOf" in node or "oneOf" in node:
        options = node.get("allOf") or node.get("anyOf") or node["oneOf"]
        return None if fact is ... and node.get("nullable") else _filled(options[0], fact)
    if node.get("type") == "object" or "properties" in node:
        if fact is None or (fact is ... and node.get("nullable")):
            return None
        given = {} if fact is ... else cast(dict[str, Any], fact)
        fields = node.get("properties", {})
        names = [*node.get("required", ()), *(name for name in given if name not in node.get("required", ()))]
        return {name: _filled(fields.get(name, {}), given.get(name, ...)) for name in names}
    if node.get("type") == "array" and fact is not ... and fact is not None:
        return [_filled(node["items"], item) for item in fact]
    return _plain(node) if fact is ... else fact


def _plain(node: dict[str, Any]) -> Any:
    if node.get("nullable"):
        return None
    if "enum" in node:
        return node["enum"][0]
    texts = {"uri": "https://forge.example/", "date-time": "2026-01-01T00:00:00Z"}
    return {"integer": 1, "boolean": False, "array": [], "number": 1}.get(
        node.get("type", ""), texts.get(node.get("format", ""), "x")
    )
