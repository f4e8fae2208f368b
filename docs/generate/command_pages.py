"""The command line, a page a command, read off the commands themselves."""

from collections.abc import Iterator
from typing import Any

from text import code, prose, table

from cryptopipe_assets.cli.app import COMMANDS, loaded


def pages() -> Iterator[tuple[str, str, str]]:
    """Yield path, title and text of every command's page."""
    for name in sorted(COMMANDS):
        yield f"reference/commands/{name}.md", name, page(name, loaded(name))


def index() -> str:
    """Return the overview: every command and its sentence."""
    rows = [(f"[`cryptopipe {n}`]({n}.md)", prose(loaded(n).help)) for n in sorted(COMMANDS)]
    return table(("command", "what it does"), rows)


def page(name: str, command: Any) -> str:
    """Return the page of a command."""
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    parts = [
        f"# cryptopipe {name}",
        prose(command.help),
        f"```sh\n{_usage(name, arguments, options)}\n```",
    ]
    if arguments:
        rows = [
            (code(_placeholder(each)), prose(each.help), "yes" if each.required else "no")
            for each in arguments
        ]
        parts += ["## Arguments", table(("argument", "meaning", "required"), rows)]
    if options:
        rows = [
            (_names(each), prose(each.help), "required" if each.required else _default(each))
            for each in options
        ]
        parts += ["## Options", table(("option", "meaning", "default"), rows)]
    return "\n\n".join(parts)


def _placeholder(parameter: Any) -> str:
    name = str(parameter.metavar or parameter.name).upper()
    return f"{name}..." if parameter.nargs == -1 else name


def _names(option: Any) -> str:
    return ", ".join(code(each) for each in (*option.opts, *option.secondary_opts))


def _default(option: Any) -> str:
    if option.is_flag:
        return "off"
    return "·" if option.default is None else code(option.default)


def _usage(name: str, arguments: list[Any], options: list[Any]) -> str:
    words = [f"cryptopipe {name}"]
    for each in arguments:
        words.append(_placeholder(each) if each.required else f"[{_placeholder(each)}]")
    for each in options:
        word = each.opts[0] if each.is_flag else f"{each.opts[0]} {str(each.name).upper()}"
        words.append(word if each.required else f"[{word}]")
    lines, line = [], ""
    for word in words:
        if line and len(line) + len(word) > 84:
            lines.append(line + " \\")
            line = "   "
        line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])
