"""The decisions, listed from their files."""

import re
from collections.abc import Iterator

from facts import ROOT
from text import table

FOLDER = ROOT / "docs" / "decisions"
HEAD = re.compile(r"^# (?P<number>\d+)\. (?P<title>.+)$")


def decisions() -> Iterator[tuple[str, str, str, str]]:
    """Yield path, number, title and date of every decision, in order."""
    for path in sorted(FOLDER.glob("[0-9]*.md")):
        lines = path.read_text(encoding="utf-8").splitlines()
        head = HEAD.match(lines[0])
        if head is None or not path.name.startswith(head["number"]):
            raise ValueError(f"{path.name}: expected '# NUMBER. Title' with the file's own number")
        yield f"decisions/{path.name}", head["number"], head["title"], lines[2].strip("*. ")


def index() -> str:
    """Return the list of decisions."""
    rows = [
        (number, f"[{title}]({path.split('/')[1]})", date)
        for path, number, title, date in decisions()
    ]
    return table(("", "decision", "taken"), rows)
