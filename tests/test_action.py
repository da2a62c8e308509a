"""The action and the workflows that are shown beside it: as GitHub wants them, safe, and doing what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT, Gitgen, git
from tests.forge.github import github
from tests.scripted import endpoint
from tests.test_review import BRANCH, EVENING, Review, sections

BIN = Path(sys.executable).parent
FILES = ("action.yml", "examples/review.yml", "examples/fleet.yml")


@pytest.mark.parametrize(
    ("file", "schema"),
    [(file, f"vendor.github-{'actions' if file == 'action.yml' else 'workflows'}") for file in FILES],
)
def test_github_can_read_it(file: str, schema: str) -> None:
    done = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", schema, file], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_zizmor_finds_nothing_in_it_and_would(tmp_path: Path) -> None:
    command = [str(BIN / "zizmor"), "--offline", "--no-progress", "--persona=pedantic"]
    done = subprocess.run([*command, *FILES], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    (tmp_path / "action.yml").write_text((ROOT / "action.yml").read_text().replace('"$PR"', "${{ inputs.pr }}"))
    bad = subprocess.run([*command, tmp_path / "action.yml"], capture_output=True, text=True)
    assert bad.returncode != 0 and "template-injection" in bad.stdout


def test_its_last_step_answers_a_review(gitgen: Gitgen, folder: Path, tmp_path: Path) -> None:
    """Run as a runner would: nothing of git's own knows the token, the default branch is checked out."""
    step = YAML(typ="safe").load(ROOT / "action.yml")["runs"]["steps"][-1]
    with github(tmp_path / "forge", folder) as forge, endpoint(sections(EVENING)) as scripted:
        review = Review(gitgen, forge, folder)
        thread = forge.thread(review.open(), "grace", "hello.py", 2, "Say bonsoir")
        git(tmp_path, "clone", "-q", f"{forge.url}/ada/hello.git", "runner")
        git(tmp_path / "runner", "config", "gitgen.forge", "github")
        inputs = {"pr": "1", "token": "token-of-ada", "api-key": "key-of-the-user", "base-url": scripted.base_url}
        inputs |= {"max-rounds": "5", "name": "Robot", "email": "robot@example.org", "model": ""}
        environ = {
            key: inputs[re.sub(r"\W*inputs\.([\w-]+)\W*", r"\1", str(value))] for key, value in step["env"].items()
        }
        shim = tmp_path / "temp" / "gitgen" / "bin" / "gitgen"
        shim.parent.mkdir(parents=True)
        shim.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m gitgen "$@"\n')
        shim.chmod(0o755)
        around = {"HOME": str(tmp_path / "nowhere"), "PATH": "/usr/bin:/bin", "RUNNER_TEMP": str(tmp_path / "temp")}
        around |= {"CI": "true", "GITHUB_SERVER_URL": forge.url, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=tmp_path / "runner",
            env=around | environ,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert len(thread.comments) == 2
        assert git(forge.bare, "log", "-1", "--format=%an <%ae>", BRANCH) == "Robot <robot@example.org>"
    assert "key-of-the-user" not in git(forge.bare, "log", "-p", BRANCH)
