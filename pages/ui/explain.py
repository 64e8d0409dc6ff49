"""The text and the code that ran, as the page shows them."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import streamlit as st

import genlib

__all__ = ["as_markdown", "look_up", "method"]

_SECTION = re.compile(r"^(Arguments|Attributes|Returns|Yields|Raises|Metrics|References):$")
_FORMULA = re.compile(r"\$\$.+?\$\$", re.DOTALL)
_ROLE = re.compile(r":\w+:`~?([^`]+)`")
_ITEM = re.compile(r"^([\w*, ]+|\$[^$]+\$): (.*)$")


def method(*things: Callable[..., object] | type | str) -> None:
    """Show the docstring of each and its source: the reader sees what runs.

    Arguments:
        things: Classes and functions of genlib, or their names as in ``"genlib.models.vae:VAE.losses"``: of what
            needs torch only the name is asked for, so that this process need not import it.
    """
    for thing in things:
        reference = thing if isinstance(thing, str) else f"{thing.__module__}:{thing.__qualname__}"
        docstring, source = look_up(reference)
        text, code = st.columns(2, gap="large")
        name = re.split("[:.]", reference)[-1]
        text.markdown(f"### {name}\n\n{as_markdown(docstring)}")
        with code.expander("The code that runs", expanded=False):
            st.code(textwrap.dedent(source), "python")


def look_up(reference: str) -> tuple[str, str]:
    """The docstring and the source of a class, function or method of genlib, read without importing it.

    Arguments:
        reference: Module where it is written, a colon, and its name there.

    Raises:
        LookupError: If there is none of that name.
    """
    module, _, names = reference.partition(":")
    path = Path(genlib.__file__).parent.joinpath(*module.split(".")[1:])
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not module.startswith("genlib.") or not path.is_file():
        raise LookupError(f"There is no module {module}.")
    content = path.read_text("utf-8")
    found = _find(ast.parse(content).body, *names.split("."))
    first = min([found.lineno, *(decorator.lineno for decorator in found.decorator_list)])
    lines = content.split("\n")[first - 1 : found.end_lineno]
    return ast.get_docstring(found) or "", "\n".join(lines) + "\n"


def _find(body: list[ast.stmt], name: str, *inner: str) -> ast.ClassDef | ast.FunctionDef:
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return _find(node.body, *inner) if inner else node
    raise LookupError(f"There is no class or function {name!r} in this place.")


def as_markdown(docstring: str) -> str:
    """A docstring of ours: its sections as headed lists, each formula on one line, names without their roles."""
    docstring = _FORMULA.sub(lambda found: " ".join(found[0].split()), docstring)
    docstring = _ROLE.sub(r"`\1`", docstring)
    lines, inside = [], False
    for line in docstring.splitlines():
        if section := _SECTION.match(line):
            lines += ["", f"**{section[1]}**", ""]
            inside = True
        elif inside and line.startswith("    "):
            # Four columns in begins an entry, more goes on with it.
            text, item = line.strip(), _ITEM.match(line.strip())
            entry = f"`{item[1]}`: {item[2]}" if item and not item[1].startswith("$") else text
            lines.append(f"  {text}" if line.startswith("     ") else f"- {entry}")
        else:
            inside = inside and not line
            lines.append(line)
    return "\n".join(lines)
