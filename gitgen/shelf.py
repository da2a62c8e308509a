"""All steps there are, gitgen's own and the user's, and the named lists of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any, cast

from gitgen import steps
from gitgen.errors import GitgenError
from gitgen.steps import Step

CONFIGURATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "default": ("clarify", "generate", "entrypoint", "execute", "review"),
        "simple": ("generate", "entrypoint", "execute"),
        "benchmark": ("generate", "entrypoint"),
        "tdd": ("spec", "unit_tests", "code", "entrypoint", "execute", "review"),
        "tdd+": ("spec", "unit_tests", "code", "fix_code", "entrypoint", "execute", "review"),
        "clarify": ("clarify", "generate", "entrypoint", "execute", "review"),
        "respec": ("spec", "respec", "unit_tests", "code", "fix_code", "entrypoint", "execute", "review"),
        "execute_only": ("execute",),
        "evaluate": ("execute", "review"),
        "use_feedback": ("fix", "entrypoint", "execute", "review"),
        "self_heal": ("self_heal",),
    }
)
"""Lists of steps by their names."""
NOT_ASKED_FOR = {
    "apply": "gitgen apply FILE",
    "check": "gitgen bench DIR",
    "thread": "gitgen fix --pr N",
    "threads": "gitgen fix --pr N",
}
"""Steps that only a command of their own can begin."""


@dataclass(frozen=True)
class Shelf:
    """Gitgen's own steps and, before them, those in a folder of the user's."""

    folder: Path | None = None

    def names(self) -> tuple[str, ...]:
        """The names of all steps."""
        shipped = (module.name for module in iter_modules(steps.__path__))
        return tuple(sorted({*shipped, *self._own()}))

    def load(self, name: str) -> Step:
        """The step of this name; GitgenError if there is none, or if the user's own cannot be loaded."""
        step: Any
        if name in self._own():
            step = self._imported(name)
        elif name in self.names():
            step = import_module(f"{steps.__name__}.{name}")
        else:
            raise GitgenError(f"There is no step {name}", f"the steps are: {', '.join(self.names())}")
        return cast(Step, step)

    def plan(self, wanted: str) -> tuple[str, ...]:
        """The steps of a configuration or of a list `a,b,c`; GitgenError if there are none, or if one is not there."""
        plan = CONFIGURATIONS.get(wanted) or tuple(name.strip() for name in wanted.split(",") if name.strip())
        if not plan:
            raise GitgenError("There are no steps to run", "--steps default; gitgen steps lists all")
        for name in plan:
            if name in NOT_ASKED_FOR:
                raise GitgenError(f"The step {name} only comes of a command of its own", NOT_ASKED_FOR[name])
            self.load(name)
        return plan

    def _own(self) -> tuple[str, ...]:
        if self.folder is None:
            return ()
        try:
            files = sorted(self.folder.glob("*.py")) if self.folder.is_dir() else None
        except OSError:
            files = None
        if files is None:
            raise GitgenError(f"There is no folder of steps {self.folder}", "git config gitgen.steps FOLDER")
        return tuple(file.stem for file in files if re.fullmatch(r"[a-z][a-z0-9_]*", file.stem))

    def _imported(self, name: str) -> Any:
        assert self.folder is not None
        file = self.folder / f"{name}.py"
        module_name = f"gitgen_own_steps.{name}"
        if module_name in sys.modules:
            return sys.modules[module_name]
        spec = spec_from_file_location(module_name, file)
        assert spec is not None and spec.loader is not None
        module = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise GitgenError(f"The step {file} cannot be loaded: {error!r}", f"mend {file}") from None
        for needed in ("subject", "run"):
            if not callable(getattr(module, needed, None)):
                raise GitgenError(f"The step {file} has no function `{needed}`", "CONTRIBUTING.md shows a step")
        sys.modules[module_name] = module
        return module
