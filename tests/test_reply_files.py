"""Whole files in a reply: which block is a file, under which name, and which is only talk."""

import pytest

from gitgen.edits import Write
from gitgen.reply import read


def files(reply: str) -> dict[str, str]:
    return {edit.path: edit.text for edit in read(reply) if isinstance(edit, Write)}


def kinds(reply: str) -> list[str]:
    return [refusal.kind for refusal in read(reply).refusals]


@pytest.mark.parametrize(
    "label",
    [
        "src/app.py",
        "`src/app.py`",
        "**src/app.py**",
        "**`src/app.py`**",
        "### src/app.py",
        "### `src/app.py`",
        "### 2. `src/app.py`",
        "1. src/app.py",
        "- `src/app.py`:",
        "File: src/app.py",
        "**File: `src/app.py`**",
        "filename: src/app.py",
        "[src/app.py]",
        "[src/app.py](src/app.py)",
        "src/app.py (new)",
        "Entry point: `src/app.py`",
        "src\\app.py",
    ],
)
def test_a_line_that_is_only_a_name_names_the_fence_below(label: str) -> None:
    assert list(files(f"Sure.\n\n{label}\n```python\nx = 1\n```\n").values()) == ["x = 1\n"]
    assert list(files(f"{label}\n\n```\nx = 1\n```\n")) == ["src/app.py"]


@pytest.mark.parametrize(
    "info",
    [
        "python src/app.py",
        "python:src/app.py",
        "src/app.py",
        'python title="src/app.py"',
        "py {file=src/app.py}",
    ],
)
def test_an_info_string_can_name_the_file(info: str) -> None:
    assert files(f"```{info}\nx = 1\n```\n") == {"src/app.py": "x = 1\n"}


@pytest.mark.parametrize("comment", ["# src/app.py", "// src/app.js", "<!-- a.html -->", "/* a.css */", "# file: a.py"])
def test_a_comment_in_the_first_line_can_name_the_file(comment: str) -> None:
    (text,) = files(f"```\n{comment}\nx\n```\n").values()
    assert text == f"{comment}\nx\n"


@pytest.mark.parametrize(
    "name", ["docs/READ ME!/a b.md", "`a (copy).txt`", "näme.py", "app/[slug]/page.tsx", "Dockerfile"]
)
def test_unusual_names_are_names(name: str) -> None:
    assert list(files(f"{name}\n```\nx\n```\n")) == [name.strip("`")]


@pytest.mark.parametrize(
    "label",
    [
        "Let's install Masonry.js using npm or yarn",
        "Then, update `App.js` as follows:",
        "Node.js",
        "Version 1.2.3",
        "See https://example.org/a.py",
        "Run it with: `python main.py`",
        "(PlantUML)",
        "terminal:",
        "e.g.",
    ],
)
def test_a_sentence_a_product_or_a_command_names_nothing(label: str) -> None:
    assert kinds(f"{label}\n```js\nx\n```\n") == ["no-name"]


@pytest.mark.parametrize("info", ["bash", "sh", "console", "powershell"])
def test_a_shell_command_under_a_file_name_is_not_that_file(info: str) -> None:
    assert kinds(f"main.py\n```{info}\npython main.py\n```\n") == ["no-name"]
    assert files(f"run.sh\n```{info}\necho\n```\n") == {"run.sh": "echo\n"}


def test_nothing_at_all_is_a_refusal_that_says_so() -> None:
    assert kinds("I cannot help with that.") == ["no-files"]


def test_blocks_without_a_name_are_noted_beside_files() -> None:
    reading = read("a.py\n```\nx\n```\nRun:\n```bash\npython a.py\n```\n")
    assert files("a.py\n```\nx\n```\n") == {"a.py": "x\n"}
    assert reading.notes


def test_the_last_of_several_drafts_wins_with_a_note() -> None:
    reply = "a.py\n```\nfirst\n```\nBetter:\n\na.py\n```\nsecond\n```\n"
    assert files(reply) == {"a.py": "second\n"}
    assert "draft" in read(reply).notes[0]


def test_a_fence_that_never_closes_is_cut_off() -> None:
    assert kinds("a.py\n```py\nx = 1\n") == ["cut-off"]


def test_fences_inside_a_longer_or_labelled_fence_belong_to_the_file() -> None:
    assert files("README.md\n````\na\n```\nb\n```\n````\n") == {"README.md": "a\n```\nb\n```\n"}
    assert files("README.md\n```md\na\n```sh\nb\n```\nc\n```\n") == {"README.md": "a\n```sh\nb\n```\nc\n"}


def test_a_fence_in_a_list_loses_the_indentation_of_the_list() -> None:
    assert files("1. Write this:\n\n   `a.py`\n\n   ```py\n   if x:\n       y\n   ```\n") == {"a.py": "if x:\n    y\n"}


def test_thoughts_are_no_answers() -> None:
    assert files("<think>\nb.py\n```\nno\n```\n</think>\na.py\n```\nyes\n```\n") == {"a.py": "yes\n"}
    assert files("b.py\n```\nno\n```\n</think>\na.py\n```\nyes\n```\n") == {"a.py": "yes\n"}


def test_carriage_returns_of_the_transport_vanish() -> None:
    assert files("a.py\r\n```\r\nx\r\ny\r\n```\r\n") == {"a.py": "x\ny\n"}


def test_an_empty_block_is_an_empty_file() -> None:
    assert files("pkg/__init__.py\n```\n```\n") == {"pkg/__init__.py": ""}


@pytest.mark.parametrize("name", ["bin/serve", "../evil", "/etc/passwd", ".git/config", "git~1/config", "~/.profile"])
def test_a_name_without_an_extension_is_one_where_folders_stand_before_it(name: str) -> None:
    """Taken for talk beside another file, a hostile name would pass unseen."""
    block = "```\nx = 1\n```\n"
    for label in (name, f"`{name}`", f"File: {name}"):
        assert list(files(f"a.py\n{block}\n{label}\n{block}")) == ["a.py", name]


@pytest.mark.parametrize("first", ["# read/write", "// client/server"])
def test_words_with_a_slash_in_a_comment_or_an_info_string_name_nothing(first: str) -> None:
    assert list(files(f"a.py\n```\nx\n```\n\nThat is it.\n\n```text/html\n{first}\nx = 1\n```\n")) == ["a.py"]
