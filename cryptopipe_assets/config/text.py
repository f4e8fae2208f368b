"""Files of the project as text, and what is wrong with them in one line."""

import re
from pathlib import Path

from pydantic import ValidationError

from cryptopipe_assets.core.errors import ConfigError

LONGEST_SHOWN = 200
"""Characters of what came, in a message."""


def require_text(env_file: Path) -> None:
    """Check that a file, if it is there, is text.

    Raises
    ------
    ConfigError
    """
    try:
        text_of(env_file.read_bytes(), env_file)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise ConfigError(f"cannot read {env_file}: {exc.strerror}") from None


def text_of(content: bytes, path: Path) -> str:
    """Return a file of the project as text.

    Raises
    ------
    ConfigError
        If it is none.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content[: exc.start].count(b"\n") + 1
        raise ConfigError(
            f"{path}: line {line} is not UTF-8 text; save the file again as UTF-8"
        ) from None
    if "\0" in text:
        raise ConfigError(f"{path} is not UTF-8 text: it has zero bytes; save it again as UTF-8")
    return text


def first_problem(failure: ValidationError, where: str, *, beside_keys: bool = False) -> str:
    """Say the first problem in one line: key, what was expected, what came.

    Parameters
    ----------
    beside_keys
        Of what came only the first word is shown: where a line lacks its end, the next one, which
        may be a key, is part of the value.
    """
    problem = failure.errors(include_url=False, include_context=False)[0]
    key = ".".join(str(part) for part in problem["loc"])
    more = f" (and {failure.error_count() - 1} more)" if failure.error_count() > 1 else ""
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown key {_cut(key)}; remove it or correct its spelling{more}"
    came = _cut(repr(_first_word(problem["input"]) if beside_keys else problem["input"]))
    return f"{where}: {_cut(key)}: {problem['msg']}, came {came}{more}"


def _first_word(value: object) -> str:
    found = re.match(r"[\w./:-]{0,40}", str(value))
    return found[0] if found else ""


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
