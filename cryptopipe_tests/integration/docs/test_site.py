"""The documentation as it is built: whole, linked, and nothing of it asked of the network."""

import ast
import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

from cryptopipe_assets.cli.app import COMMANDS
from cryptopipe_assets.core.schema import Collected
from cryptopipe_assets.quant.factors.factor_set import FACTOR_SET
from cryptopipe_assets.quant.strategies.strategy_set import STRATEGIES
from cryptopipe_assets.storage.catalog.view_set import VIEWS
from cryptopipe_assets.tables.catalog import contracts
from cryptopipe_assets.vendors.catalog import VENDORS
from cryptopipe_tests.places import ROOT

pytestmark = pytest.mark.slow

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
ELSEWHERE = ("http:", "https:", "//")


@dataclass
class Read(HTMLParser):
    """What a page links to, loads, and can be linked at."""

    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.anchors.update(filter(None, (found.get("id"), found.get("name"))))
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in LOADED and found.get(LOADED[tag]) and found.get("rel") != "canonical":
            self.loaded.append(found[LOADED[tag]])


def read(path: Path) -> Read:
    page = Read()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def build(project: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build as `make docs` does. With ``--quiet``, MkDocs would count no warning."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", site],
        cwd=project,
        capture_output=True,
        text=True,
        env={"PATH": "", "NO_MKDOCS_2_WARNING": "1", "HOME": str(site)},
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site; a warning of the builder fails."""
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_a_link_to_nowhere_fails_the_build(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[nowhere](nowhere.md)")
    (tmp_path / "mkdocs.yml").write_text("site_name: small\n")
    assert build(tmp_path, tmp_path / "site").returncode == 1


def test_the_makefile_builds_as_this_test_does():
    assert "mkdocs build --strict\n" in (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(site) -> dict[str, Read]:
    return {str(path.relative_to(site)): read(path) for path in sorted(site.rglob("*.html"))}


def named_pages() -> dict[str, str]:
    """Page that each table, vendor and command must have, by what it is of."""
    return {
        **{f"table {name}": f"data/{name}.html" for name in contracts()},
        **{f"vendor {name}": f"vendors/{name}.html" for name in VENDORS},
        **{f"command {name}": f"reference/commands/{name}.html" for name in COMMANDS},
    }


@pytest.mark.parametrize("what", named_pages())
def test_everything_has_its_page_in_the_navigation(site, what):
    path = named_pages()[what]
    text = (site / path).read_text(encoding="utf-8")
    section = text.split('class="md-nav md-nav--primary', 1)[1].split("md-content", 1)[0]
    assert 'class="md-nav__link md-nav__link--active"' in section
    assert path in [
        (Path(path).parent / urlsplit(each).path).as_posix()
        for page in (site / path).parent.glob("*.html")
        if page.name != Path(path).name
        for each in read(page).links
    ]


@pytest.mark.parametrize("name", contracts())
def test_a_table_s_page_explains_every_column_and_lists_every_view(site, name):
    text = (site / f"data/{name}.html").read_text(encoding="utf-8")
    missing = [each for each in contracts()[name].columns() if f"<code>{each}</code>" not in text]
    assert missing == []
    views = [view.name for view in VIEWS if name in view.tables]
    assert [view for view in views if f"<code>{view}</code>" not in text] == []


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendor_s_page_has_each_of_its_offers_and_a_line_for_every_column(site, pages, name):
    offers = VENDORS[name].offers
    assert {each.table for each in offers} <= pages[f"vendors/{name}.html"].anchors
    text = (site / f"vendors/{name}.html").read_text(encoding="utf-8")
    columns = {
        column
        for each in offers
        for column in contracts()[each.table].columns()
        if column not in Collected.columns()
    }
    assert [column for column in columns if f"<code>{column}</code>" not in text] == []


def test_every_factor_and_every_strategy_has_its_section(pages):
    assert {each.name for each in FACTOR_SET} <= pages["data/factors.html"].anchors
    assert {each.id for each in STRATEGIES} <= pages["data/strategies.html"].anchors


def test_every_link_leads_somewhere(site, pages):
    broken = []
    for name, page in pages.items():
        inner = [each for each in page.links if not urlsplit(each).scheme and each[:2] != "//"]
        for link in inner if name != "404.html" else []:  # which is shown at any address
            address, anchor = urldefrag(link)
            target = (site / name).parent / unquote(address) if address else site / name
            there = pages.get(str(target.resolve().relative_to(site.resolve())))
            if not target.is_file() or (anchor and there and anchor not in there.anchors):
                broken.append(f"{name}: {link}")
    assert broken == []


def test_every_link_of_the_readme_leads_to_a_file():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [each for each in re.findall(r"\]\(([^)]+)\)", text) if "://" not in each]
    assert len(links) > 10
    assert [each for each in links if not (ROOT / each).exists()] == []


def test_nothing_is_loaded_from_the_network(site, pages):
    asked = {
        f"{name}: {each}"
        for name, page in pages.items()
        for each in page.loaded
        if each.startswith(ELSEWHERE)
    }
    styles = {
        f"{path.name}: {found}"
        for path in site.rglob("*.css")
        for found in re.findall(r"url\(['\"]?(https?:[^)]*)", path.read_text(encoding="utf-8"))
    }
    assert asked | styles == set()


def test_what_is_loaded_is_there(site, pages):
    missing = [
        f"{name}: {each}"
        for name, page in pages.items()
        for each in page.loaded
        if name != "404.html" and not each.startswith("data:")
        if not ((site / name).parent / urlsplit(each).path).exists()
    ]
    assert missing == []


def test_the_search_finds_columns_without_a_server(site):
    text = (site / "search" / "search_index.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("var __index = "))
    found = [each["location"] for each in index["docs"] if "oi_to_market_cap" in each["text"]]
    assert any(each.startswith("data/leverage_ratios.html") for each in found)


def said_in_the_code() -> str:
    """Every text of the package, a line each; ``...`` stands for what is put in at run time."""
    lines: list[str] = []
    for path in (ROOT / "cryptopipe_assets").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (
                    part.value if isinstance(part, ast.Constant) else "..." for part in node.values
                )
                lines.append(" ".join("".join(map(str, parts)).split()))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                lines.append(" ".join(node.value.split()))
    return "\n".join(lines)


def test_every_message_that_is_explained_is_one_that_is_said():
    text = (ROOT / "docs" / "operating" / "messages.md").read_text(encoding="utf-8")
    explained = [
        message
        for row in re.findall(r"^\| (`.+?`) \|", text, flags=re.MULTILINE)
        for message in re.findall(r"`([^`]+)`", row)
    ]
    assert len(explained) > 40
    said = said_in_the_code()
    unsaid = [
        message
        for message in explained
        if not re.search(".*".join(map(re.escape, message.split("..."))), said)
    ]
    assert unsaid == [], "look in the code for what it says now, and correct docs/operating"


def test_every_package_of_the_lock_is_listed_with_a_licence_that_lets_a_desk_use_it(site):
    text = (site / "reference" / "packages.html").read_text(encoding="utf-8")
    rows = re.findall(r"<td[^>]*>(.*?)</td>\s*<td[^>]*>(.*?)</td>\s*<td[^>]*>(.*?)</td>", text)
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", lock, flags=re.MULTILINE)
    assert [(name, version) for name, version, _ in rows] == sorted(pinned)
    known = re.compile(r"MIT|Apache|BSD|MPL|Mozilla|PSF|Python Software|ISC|not on this platform")
    strange = {name: licence for name, _, licence in rows if not known.search(licence)}
    assert strange == {}, "read its licence before it is locked"


def test_decisions_are_numbered_without_a_hole():
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda each: each.stem)
def test_a_decision_has_its_context_its_choice_and_its_price(path):
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, flags=re.MULTILINE) == [
        "Context",
        "Choice",
        "Price",
    ]
