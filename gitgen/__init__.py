"""gitgen: code written by a language model, with Git as its only database. `docs/api.md` tells of the public names."""

TYPE_CHECKING = False  # As checkers of types take it; `typing` would be most of what `gitgen --version` imports.
if TYPE_CHECKING:
    from gitgen.api.catalog import Offered, get_chat_model, get_chat_model_names, get_chat_models
    from gitgen.api.conversation import ChatModel, Conversation, count_message_tokens, count_tokens
    from gitgen.api.store import Store, open_store, parse_chat, to_files
    from gitgen.draft import Draft, apply_reply
    from gitgen.edits import Reading
    from gitgen.errors import GitgenError, Rejected
    from gitgen.models.prices import cost
    from gitgen.ranking.rank import rank_files
    from gitgen.record import (
        Chat,
        Message,
        Reply,
        Usage,
        assistant,
        deserialize_messages,
        serialize_messages,
        system,
        user,
    )
    from gitgen.record.usage import UsageLog

__version__ = "0.1.0"
__all__ = [
    "Chat",
    "ChatModel",
    "Conversation",
    "Draft",
    "GitgenError",
    "Message",
    "Offered",
    "Reading",
    "Rejected",
    "Reply",
    "Store",
    "Usage",
    "UsageLog",
    "__version__",
    "apply_reply",
    "assistant",
    "cost",
    "count_message_tokens",
    "count_tokens",
    "deserialize_messages",
    "get_chat_model",
    "get_chat_model_names",
    "get_chat_models",
    "open_store",
    "parse_chat",
    "rank_files",
    "serialize_messages",
    "system",
    "to_files",
    "user",
]

_HOMES = {
    "api.catalog": ("Offered", "get_chat_model", "get_chat_model_names", "get_chat_models"),
    "api.conversation": ("ChatModel", "Conversation", "count_message_tokens", "count_tokens"),
    "draft": ("Draft", "apply_reply"),
    "edits": ("Reading",),
    "errors": ("GitgenError", "Rejected"),
    "models.prices": ("cost",),
    "ranking.rank": ("rank_files",),
    "record": (
        *("Chat", "Message", "Reply", "Usage", "assistant", "deserialize_messages", "serialize_messages"),
        *("system", "user"),
    ),
    "api.store": ("Store", "open_store", "parse_chat", "to_files"),
    "record.usage": ("UsageLog",),
}

if not TYPE_CHECKING:  # A checker would take it for a promise that every name is there.

    def __getattr__(name: str) -> object:
        """The public names, imported when somebody asks for one."""
        from importlib import import_module

        home = next((home for home, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"gitgen.{home}"), name)
