"""Chats: what was asked and answered in a step, as values and as the JSON file that its commit holds.

Names follow OpenTelemetry's semantic conventions for generative AI where they have one.
"""

from gitgen.record.chat import ATTRIBUTES, ATTRIBUTES_TEXT, FOLDER, Chat, Exchange
from gitgen.record.message import (
    File,
    Message,
    Outline,
    Part,
    Role,
    Text,
    assistant,
    deserialize_messages,
    serialize_messages,
    system,
    user,
)
from gitgen.record.turn import (
    ENDLESS,
    RECORDED,
    UNFINISHED,
    Ran,
    Reads,
    Reply,
    Turn,
    Usage,
    source_of,
)

__all__ = [
    "ATTRIBUTES",
    "ATTRIBUTES_TEXT",
    "ENDLESS",
    "FOLDER",
    "RECORDED",
    "UNFINISHED",
    "Chat",
    "Exchange",
    "File",
    "Message",
    "Outline",
    "Part",
    "Ran",
    "Reads",
    "Reply",
    "Role",
    "Text",
    "Turn",
    "Usage",
    "assistant",
    "deserialize_messages",
    "serialize_messages",
    "source_of",
    "system",
    "user",
]
