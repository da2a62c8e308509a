"""Further shapes of secrets, where the user has a scanner that knows them: pybetterleaks, betterleaks or gitleaks.

Of its rules only those are used whose secret is told by its own letters, a prefix as a rule. The others go by the words
around it and by its entropy; a chat is full of hashes, ids and lock files, which those take for secrets.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.util import find_spec

from gitgen.errors import GitgenError
from gitgen.redact import Scan

_RULES = """
    1password-service-account-token age-secret-key aikido-ci-token aikido-client-secret airtable-personnal-access-token
    alibaba-access-key-id anthropic-admin-api-key anthropic-api-key artifactory-api-key aws-access-token
    azure-ad-client-secret canva-client-secret cerebras-api-key clojars-api-token cloudflare-origin-ca-key
    cockroachlabs-cloud-api-key databricks-api-token deno-account-token digitalocean-access-token digitalocean-pat
    digitalocean-refresh-token dockerhub-organization-access-token dockerhub-personal-access-token doppler-api-token
    duffel-api-token dynatrace-api-token easypost-api-token easypost-test-api-token figma-personal-access-token
    flutterwave-secret-key frameio-api-token gcp-api-key github-app-token github-fine-grained-pat github-oauth
    github-pat github-refresh-token gitlab-cicd-job-token gitlab-deploy-token gitlab-feed-token
    gitlab-incoming-mail-token gitlab-kubernetes-agent-token gitlab-oauth-app-secret gitlab-pat gitlab-pat-routable
    gitlab-ptt gitlab-rrt gitlab-runner-authentication-token gitlab-scim-token grafana-api-key grafana-cloud-api-token
    grafana-service-account-token groq-api-key harness-api-key hashicorp-tf-api-token heroku-api-key-v2
    huggingface-access-token huggingface-organization-api-token infracost-api-token intra42-client-secret jwt
    linear-api-key microsoft-teams-webhook mongodb-atlas-service-account-secret npm-access-token notion-api-token
    nvidia-api-key openai-api-key openrouter-api-key openshift-user-token perplexity-api-key planetscale-api-token
    planetscale-oauth-token planetscale-password posthog-personal-api-key postman-api-token prefect-api-token
    private-key pulumi-api-token pypi-upload-token readme-api-token replicate-api-token rubygems-api-token
    scalingo-api-token sendgrid-api-token sendinblue-api-token sentry-org-token sentry-user-token
    settlemint-application-access-token settlemint-personal-access-token settlemint-service-access-token
    shippo-api-token shopify-access-token shopify-custom-access-token shopify-private-app-access-token
    shopify-shared-secret slack-app-token slack-bot-token slack-config-access-token slack-config-refresh-token
    slack-legacy-bot-token slack-legacy-token slack-session-token slack-user-token slack-webhook-url square-access-token
    stripe-access-token supabase-management-token supabase-project-api-key togetherai-api-key vault-batch-token
    vercel-ai-gateway-key vercel-app-access-token vercel-app-refresh-token vercel-integration-token
    vercel-personal-access-token weights-and-biases-api-key-v1 xai-api-key
"""
KINDS = frozenset(_RULES.split())
"""The rules that are used, by the names that betterleaks and gitleaks give them."""

_LONG = re.compile(r"\S{16}")
"""No secret of these kinds stands in a text without a word of that length."""
_ENDS = re.compile(r"[,()\[\]{}<>|&?!*#]|[.:](?=\s|$)")
"""What may follow a secret in a text, where the rules expect a space, a quote or the end of a line."""
_BINARIES = ("betterleaks", "gitleaks")
_REPORTS = (("--report-format=json", "--report-path=-"), ("--output=-",))
_ASK_PROVIDERS = ("BETTERLEAKS_VALIDATE", "BETTERLEAKS_ANALYZE")
"""What would have betterleaks try the secrets where they belong: nothing of gitgen's goes there."""
_ALLOWED = re.compile(r"(?<=leaks:)allow")
"""A comment by which a scanner is told to pass over a line. Who writes a chat has no say in what it keeps secret."""


def scanner() -> Scan | None:
    """The scanner of this machine, or None. It starts when it is first needed, and remembers what it has scanned."""
    if find_spec("pybetterleaks"):
        return _kept(_in_process)
    program = next(filter(None, map(shutil.which, _BINARIES)), None)
    return _kept(lambda text: _run(program, text)) if program else None


def _kept(scan: Callable[[str], Iterable[tuple[str, str]]]) -> Scan:
    @lru_cache(maxsize=256)
    def known(text: str) -> tuple[tuple[str, str], ...]:
        if not _LONG.search(text):
            return ()
        found = scan(_ENDS.sub(" ", _ALLOWED.sub("-----", text)))
        return tuple((kind, secret) for kind, secret in found if kind in KINDS)

    return known


def _in_process(text: str) -> Iterable[tuple[str, str]]:
    import pybetterleaks

    result = pybetterleaks.scan_text(text, redact=False)
    if result.errors:
        raise _failed("pybetterleaks", result.errors[0].message)
    return [(finding.rule_id, finding.secret) for finding in result.findings if finding.secret]


def _run(program: str, text: str) -> Iterable[tuple[str, str]]:
    """What a program finds in a text; asked as gitleaks 8 is, and betterleaks before 2, else as betterleaks 2 is."""
    environ = {name: value for name, value in os.environ.items() if name not in _ASK_PROVIDERS}
    said = ""
    for report in _REPORTS:
        # Elsewhere than in a repository, whose own configuration could have it find nothing.
        command = (program, "stdin", "--no-banner", "--log-level=error", "--exit-code=0", *report)
        done = subprocess.run(command, input=text.encode("utf-8", "replace"), capture_output=True, cwd="/", env=environ)
        if done.returncode == 0:
            return _findings(program, done.stdout)
        said = said or done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    raise _failed(program, said or "it fails")


def _findings(program: str, report: bytes) -> list[tuple[str, str]]:
    try:
        found = json.loads(report or b"[]")
        if isinstance(found, dict):
            return [(each["rule_id"], each["match"]["value"]) for each in found["findings"] or ()]
        return [(each["RuleID"], each["Secret"]) for each in found or ()]
    except (ValueError, KeyError, TypeError):
        raise _failed(program, "its report is not one") from None


def _failed(program: str, why: str) -> GitgenError:
    return GitgenError(f"{program} cannot look for secrets: {why}", f"mend or remove it: {program} version")
