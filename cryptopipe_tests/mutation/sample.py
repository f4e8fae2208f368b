"""Which mutants are tried: one a place of the code, and of the places a sample that stays.

cosmic-ray says where a line can be changed and how. It offers up to twelve changes for one `+`, and
one for a whole loop; a sample of changes would be a sample of sums. So each place has one change,
and each place a number that follows from the seed and from where it is. The sample are the places
with the smallest numbers: a new line in one module leaves what is drawn from the others alone.
"""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from cryptopipe_tests.mutation.tests_of import PACKAGE

ROOMS = ("collect", "operations", "quant", "storage", "vendors/http")
SEED = 12

Position = tuple[int, int]


@dataclass(frozen=True)
class Mutant:
    """One change of one module.

    Attributes
    ----------
    module
        Path below the root of the project.
    operator
        Name of cosmic-ray's operator.
    occurrence
        Which of the places where the operator fits the module, from 0.
    line
        From 1.
    before, after
        The changed lines as they are and as they become, without the spaces around them.
    """

    module: str
    operator: str
    occurrence: int
    line: int
    before: str
    after: str

    @property
    def name(self) -> str:
        """The same as long as the module is."""
        return f"{self.module}:{self.line} {self.operator.rpartition('/')[2]} {self.occurrence}"

    def code(self, root: Path) -> str:
        """The module's text with the change."""
        text = (root / self.module).read_text(encoding="utf-8")
        changed = mutate_code(text, get_operator(self.operator)(), self.occurrence)
        assert changed is not None, self.name
        return changed


def sample(root: Path, size: int, seed: int = SEED) -> list[Mutant]:
    """The first mutants of the sample, in its order.

    Parameters
    ----------
    root
        Folder of the project.
    size
        How many.
    seed
        Another one gives another sample.
    """
    ranked = sorted(
        (_rank(seed, module, *place), module, place)
        for module in modules(root)
        for place in _places(root / module)
    )
    drawn = (_drawn(root, seed, module, place) for _, module, place in ranked)
    return list(islice((each for each in drawn if each), size))


def modules(root: Path) -> list[str]:
    """Paths of the modules that are mutated, below the root."""
    return sorted(
        str(file.relative_to(root))
        for room in ROOMS
        for file in (root / PACKAGE / room).rglob("*.py")
    )


def _rank(seed: int, *parts: object) -> str:
    said = "|".join(str(part) for part in (seed, *parts))
    return hashlib.sha256(said.encode()).hexdigest()


@cache
def _places(file: Path) -> dict[tuple[Position, Position], list[tuple[str, int]]]:
    """Start and end of each place, and the operators and occurrences that change it."""
    text = file.read_text(encoding="utf-8")
    nodes, skipped = list(ast_nodes(get_ast(text))), list(_unseen(ast.parse(text)))
    places: dict[tuple[Position, Position], list[tuple[str, int]]] = {}
    for name in sorted(operator_names()):
        operator = get_operator(name)
        if operator.arguments() or name.endswith("/NoOp"):
            continue
        positions = operator().mutation_positions
        found = [place for node in nodes for place in positions(node)]
        for occurrence, (start, end) in enumerate(found):
            if not any(first <= start and end <= last for first, last in skipped):
                places.setdefault((start, end), []).append((name, occurrence))
    return places


def _unseen(tree: ast.Module) -> Iterator[tuple[Position, Position]]:
    """What states something for a reader or a type checker, and does nothing while it is true.

    Annotations, the `*` of a signature, options of dataclasses, `strict=` of a zip, assertions.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            yield from _between(node, inside)
        elif isinstance(node, ast.AnnAssign):
            yield _extent(node.annotation)
        elif isinstance(node, ast.ClassDef):
            for each in node.decorator_list:
                if ast.unparse(each).startswith("dataclass("):
                    yield _extent(each)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "zip":
            yield from (_extent(each) for each in node.keywords)
        elif isinstance(node, ast.Assert):
            yield _extent(node)


def _between(
    function: ast.FunctionDef | ast.AsyncFunctionDef, defaults: list[ast.expr]
) -> Iterator[tuple[Position, Position]]:
    """The signature without its default values, which are code."""
    here, end = (function.lineno, function.col_offset), function.body[0]
    known = sorted(_extent(each) for each in defaults)
    for first, last in known:
        yield here, first
        here = last
    yield here, (end.lineno, end.col_offset)


def _extent(node: ast.expr | ast.stmt | ast.keyword) -> tuple[Position, Position]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _drawn(root: Path, seed: int, module: str, place: tuple[Position, Position]) -> Mutant | None:
    """One change of the place, or None if none of them changes what is run."""
    text = (root / module).read_text(encoding="utf-8")
    offered = _places(root / module)[place]
    for operator, occurrence in sorted(offered, key=lambda each: _rank(seed, module, place, *each)):
        try:
            changed = mutate_code(text, get_operator(operator)(), occurrence)
        except AttributeError:  # `except module.Error` has a dot too many for cosmic-ray
            continue
        if changed is None or not _differs(text, changed):
            continue
        before, after = _changed_lines(text, changed)
        return Mutant(module, operator, occurrence, place[0][0], before, after)
    return None


def _differs(text: str, changed: str) -> bool:
    try:
        return ast.dump(ast.parse(text)) != ast.dump(ast.parse(changed))
    except SyntaxError:  # a change that Python does not even read tells nothing about the tests
        return False


def _changed_lines(text: str, changed: str) -> tuple[str, str]:
    """What differs, without the lines that both begin and end with."""
    before, after = text.splitlines(), changed.splitlines()
    while before and after and before[0] == after[0]:
        before, after = before[1:], after[1:]
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    return " ".join(line.strip() for line in before), " ".join(line.strip() for line in after)
