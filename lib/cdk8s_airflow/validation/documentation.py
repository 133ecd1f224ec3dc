"""Signatures and docstrings of classes, composed when they are read.

``inspect.signature`` shows the metaclass of jsii for a construct, and ``help`` shows only the fields that a class itself
declares. A class that is given to :func:`document` has a signature with its real arguments, and a docstring that explains all
of them, inherited ones too. Both are composed on first use, because a program that writes manifests never asks.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

_INDENT = "    "
_ARGUMENTS = ("Args:", "Attributes:")
_SECTIONS = (*_ARGUMENTS, "Raises:", "Returns:", "Yields:")


def document(cls: type) -> None:
    """Gives a class a signature and a docstring that are composed when they are read."""
    # Not setattr, which jsii's metaclass overrides and which would read the attribute first.
    type.__setattr__(cls, "__signature__", _OnRead(_signature))
    type.__setattr__(cls, "__doc__", _Doc(cls.__dict__.get("__doc__") or ""))


def _written_doc(cls: type) -> str:
    """The docstring as it stands in the source of a class, empty if there is none."""
    doc = cls.__dict__.get("__doc__")
    return inspect.cleandoc(doc or "")


class _OnRead:
    """An attribute of a class that is computed when it is read."""

    def __init__(self, compute: Callable[[Any], Any]) -> None:
        self._compute = compute

    def __get__(self, instance: object, owner: type) -> Any:
        return self._compute(owner)


class _Doc(str):
    """The docstring as it stands in the source, which reads as the composed one.

    It is a string because pydoc reads the attribute of a class with a metaclass past its descriptor.
    """

    __slots__ = ()

    def __get__(self, instance: object, owner: type) -> str:
        return _docstring(owner)


class _Annotation(str):
    """An annotation that is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@functools.cache
def _signature(cls: Any) -> inspect.Signature:
    function = cls.__init__
    parameters = list(inspect.signature(function).parameters.values())[1:]
    factories = {
        field.name: field.default_factory
        for field in (dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ())
        if field.default_factory is not dataclasses.MISSING
    }
    namespaces = _namespaces(cls, function)
    return inspect.Signature(
        [
            parameter.replace(
                annotation=_shown(parameter.annotation, namespaces.get(parameter.name, {})),
                default=factories[parameter.name]() if parameter.name in factories else parameter.default,
            )
            for parameter in parameters
        ]
    )


def _namespaces(cls: type, function: Any) -> Mapping[str, Mapping[str, Any]]:
    """Parameter -> the names of the module in which its annotation is written."""
    found: dict[str, Mapping[str, Any]] = {}
    for base in reversed(cls.__mro__):
        names = vars(sys.modules[base.__module__])
        found.update(dict.fromkeys(inspect.get_annotations(base), names))
    # A written __init__ has its own annotations; one that dataclasses made has those of the fields.
    function = inspect.unwrap(function)
    if function.__code__.co_filename != "<string>":
        found.update(dict.fromkeys(inspect.signature(function).parameters, function.__globals__))
    return found


def _shown(annotation: Any, names: Mapping[str, Any]) -> Any:
    """An annotation as a reader needs it: private aliases as the types that they refer to."""
    if not isinstance(annotation, str):
        return annotation
    tree = ast.parse(annotation, mode="eval")
    return _Annotation(ast.unparse(_Public(names).visit(tree)))


class _Public(ast.NodeTransformer):
    """Replaces private aliases and ``Annotated`` in an annotation."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if not node.id.startswith("_") or node.id not in self._names:
            return node
        return ast.parse(_told(self._names[node.id]), mode="eval").body

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == "Annotated" and isinstance(node.slice, ast.Tuple):
            shown: ast.AST = self.visit(node.slice.elts[0])
            return shown
        return self.generic_visit(node)


def _told(hint: Any) -> str:
    """A hint as code, value formats as the type that has them."""
    origin = get_origin(hint)
    if origin is Annotated:
        return _told(get_args(hint)[0])
    if origin in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(map(_told, get_args(hint))))
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, get_args(hint)))}]"
    if origin is not None:
        return f"{origin.__name__}[{', '.join(map(_told, get_args(hint)))}]"
    if isinstance(hint, str | typing.ForwardRef):
        return hint if isinstance(hint, str) else hint.__forward_arg__
    return "None" if hint is type(None) else getattr(hint, "__name__", "Any")


@dataclasses.dataclass
class _Sections:
    """A docstring, taken apart."""

    text: str
    arguments: dict[str, str]
    others: str


def _taken_apart(docstring: str) -> _Sections:
    text: list[str] = []
    others: list[str] = []
    arguments: dict[str, str] = {}
    section, name = "", ""
    for line in docstring.splitlines():
        if line.rstrip() in _SECTIONS:
            section = line.rstrip()
        elif line and not line.startswith(_INDENT):
            section = ""
        if section in _ARGUMENTS:
            entry = line[len(_INDENT) :]
            if line.startswith(_INDENT) and entry[:1].strip() and ":" in entry:
                name, _, explained = entry.partition(":")
                arguments[name] = explained.strip()
            elif name and entry.strip():
                arguments[name] += f"\n{line}"
        else:
            (others if section else text).append(line)
    return _Sections("\n".join(text).strip(), arguments, "\n".join(others).strip())


def _documented(cls: type) -> Iterator[_Sections]:
    """What a class and its bases say, in the docstrings of the class and of its ``__init__``."""
    for base in cls.__mro__:
        if isinstance(base.__dict__.get("__doc__"), _Doc):
            yield _taken_apart(_written_doc(base))
            yield _taken_apart(inspect.cleandoc(getattr(base.__dict__.get("__init__"), "__doc__", None) or ""))


def _docstring(cls: Any) -> str:
    sections = list(_documented(cls))
    own = sections[0]
    explained: dict[str, str] = {}
    for each in sections:
        explained = {**each.arguments, **explained}
    parts = [own.text]
    lines = [
        f"{_INDENT}{name}: {explained[name]}{_default(parameter, explained[name])}"
        for name, parameter in inspect.signature(cls).parameters.items()
        if name in explained
    ]
    if lines:
        parts.append("\n".join(["Args:", *lines]))
    parts += dict.fromkeys(each.others for each in sections[:2] if each.others)
    return "\n\n".join(part for part in parts if part)


def _default(parameter: inspect.Parameter, explained: str) -> str:
    """The default of an argument, unless its text names it."""
    if parameter.default is parameter.empty or "efault" in explained:
        return ""
    return f" Default: ``{parameter.default!r}``."
