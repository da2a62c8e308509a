"""gitgen: code written by a language model, with Git as its only database."""

TYPE_CHECKING = False  # As checkers of types take it; `typing` would be most of what `gitgen --version` imports.
if TYPE_CHECKING:
    from gitgen.draft import Draft, apply_reply
    from gitgen.errors import Rejected

__version__ = "0.1.0"
__all__ = ["Draft", "Rejected", "__version__", "apply_reply"]

_HOMES = {"Draft": "gitgen.draft", "apply_reply": "gitgen.draft", "Rejected": "gitgen.errors"}


def __getattr__(name: str) -> object:
    """The public names, imported when somebody asks for one."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    public: object = getattr(import_module(_HOMES[name]), name)
    return public
