"""Hold edits against a tree: what fits becomes changes, what does not is refused with the reason."""

from gitgen.patch.patcher import Outcome, apply

__all__ = ["Outcome", "apply"]
