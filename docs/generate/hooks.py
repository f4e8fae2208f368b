"""Adds to the site the pages that follow from the code, and puts them into the navigation.

A page by hand may hold ``{{ name }}`` of one of ``PIECES``: the piece is written in its place.
"""

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

import command_pages
import decision_pages
import drawings
import licence_pages
import reference_pages
import research_pages
import table_pages
import vendor_pages
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from text import table

logger = logging.getLogger("mkdocs.hooks.generate")

SECTIONS: Mapping[str, tuple[str, Callable[[], Any]]] = {
    "tables": ("", table_pages.pages),
    "vendors": ("vendors/index.md", vendor_pages.pages),
    "commands": ("reference/commands/index.md", command_pages.pages),
}
"""Name in mkdocs.yml to the page by hand that opens the section, and what writes the others."""

PIECES: Mapping[str, Callable[[], str]] = {
    "tables": table_pages.index,
    "vendors": vendor_pages.index,
    "commands": command_pages.index,
    "factors": research_pages.factors,
    "strategies": research_pages.strategies,
    "strategy_names": research_pages.names,
    "decisions": decision_pages.index,
    "rooms": lambda: table(("room", "rule"), ((f"`{n}`", r) for n, r in drawings.rooms())),
    "layers": drawings.layers,
    "graph": lambda: drawings.graph("../data/"),
    "graph_home": lambda: drawings.graph("data/"),
    "python_api": reference_pages.python_api,
    "errors": reference_pages.errors,
    "toml": reference_pages.toml,
    "env": reference_pages.env,
    "tests": reference_pages.tests,
    "make": reference_pages.make,
    "sql_examples": reference_pages.sql_examples,
    "python_examples": reference_pages.python_examples,
    "units": reference_pages.units,
    "causes": reference_pages.causes,
    "version": reference_pages.version,
    "licences": licence_pages.page,
}
PLACE = re.compile(r"\{\{ (\w+) \}\}")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the generated pages into the navigation."""
    config.nav = _expanded(config.nav)
    return config


def _expanded(entry: Any) -> Any:
    if isinstance(entry, list):
        return [_expanded(each) for each in entry]
    if isinstance(entry, dict):
        return {title: _expanded(each) for title, each in entry.items()}
    if not str(entry).startswith("generated:"):
        return entry
    name = entry.removeprefix("generated:")
    if name == "decisions":
        listed = [{f"{int(n)}. {title}": path} for path, n, title, _ in decision_pages.decisions()]
        return ["decisions/index.md", *listed]
    first, pages = SECTIONS[name]
    return [*filter(None, [first]), *({title: path} for path, title, _ in pages())]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    for _, pages in SECTIONS.values():
        for path, _, text in pages():
            files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Write the pieces into the pages by hand; an unknown one is a warning, and so an error."""

    def piece(found: re.Match[str]) -> str:
        if found[1] not in PIECES:
            logger.warning("%s asks for %s, which nothing writes", page.file.src_uri, found[0])
            return found[0]
        return PIECES[found[1]]()

    return PLACE.sub(piece, markdown)
