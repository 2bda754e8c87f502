"""The words of the console: one catalogue of all features, in every language.

A feature keeps its messages in `messages.json`, each in all languages side by side, so
that whoever changes one sees the others.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from proximity.authority.settings import LANGUAGES

MESSAGES_FILE = "messages.json"
FEATURES = Path(__file__).parents[1]
_VALUE = re.compile(r"\{([a-z_]+)\}")

Catalogue = Mapping[str, Mapping[str, str]]


@cache
def load_catalogue(features: Path = FEATURES) -> Catalogue:
    """Return every message by its ID, then by language.

    Raises
    ------
    ValueError
        If two features have one ID.
    """
    catalogue: dict[str, dict[str, str]] = {}
    for file in sorted(features.glob(f"*/{MESSAGES_FILE}")):
        messages = json.loads(file.read_text("utf-8"))
        twice = set(messages) & set(catalogue)
        if twice:
            raise ValueError(f"{file.parent.name} has a message once more: {twice}")
        catalogue |= messages
    return catalogue


def translate(
    catalogue: Catalogue, language: str, message: str, values: Mapping[str, object]
) -> str:
    """Return a message with its values put in.

    Raises
    ------
    KeyError
        If there is no such message, or a value is missing: a mistake of the program.
    """
    text = catalogue[message][language]
    return _VALUE.sub(lambda found: str(values[found[1]]), text)


def problems(catalogue: Catalogue) -> list[str]:
    """Return what is incomplete: a language that is missing, or other values in it."""
    found = []
    for message, texts in catalogue.items():
        if set(texts) != set(LANGUAGES) or not all(texts.values()):
            found.append(f"{message}: not in every language")
        elif len({frozenset(_VALUE.findall(text)) for text in texts.values()}) > 1:
            found.append(f"{message}: other values in another language")
    return found
