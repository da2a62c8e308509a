"""`gitgen preprompts`: the texts that the model is given, to be read, copied and edited."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

import click

from gitgen import resources, ui
from gitgen.commands._asking import settings_of
from gitgen.errors import GitgenError
from gitgen.preflight import repository_at, with_work_tree

DEFAULT_FOLDER = "preprompts"


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def command(folder: Path | None) -> int:
    """Copy the shipped preprompts into the repository, and use the copies; later, show how they differ.

    FOLDER is the one that is in use (`git config gitgen.preprompts`), else preprompts. What is in it already is
    never overwritten: its difference to the shipped text is shown.

    \b
    Example:
      gitgen preprompts            # copies, and sets git config gitgen.preprompts
      $EDITOR preprompts/generate.txt && gitgen preprompts
    """
    repository = repository_at(Path.cwd())
    top = with_work_tree(repository)
    chosen = settings_of(repository, {}).preprompts
    target = folder or chosen or top / DEFAULT_FOLDER
    copied = [text.name for text in _shipped() if _copy(text, target / text.name)]
    if copied:
        ui.note(f"copied {len(copied)} texts to {target}")
    if chosen is None or target.resolve() != chosen.resolve():
        repository.git.run("config", "gitgen.preprompts", str(target.resolve()))
        ui.note(f"git config gitgen.preprompts {target.resolve()}")
    for text in _shipped():
        own = target / text.name
        for line in unified_diff(_lines(text), _lines(own), f"shipped/{text.name}", str(own), lineterm=""):
            ui.say(ui.printable(line))
    return 0


def _shipped() -> list[Path]:
    return sorted(resources.folder("preprompts").glob("*.txt"))


def _copy(text: Path, target: Path) -> bool:
    """Copy a text unless there is one of its name; whether it was copied."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            file.write(text.read_bytes())
    except FileExistsError:
        return False
    except OSError as error:
        raise GitgenError(f"{target} cannot be written: {error.strerror}", "gitgen preprompts OTHER-FOLDER") from None
    return True


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()
