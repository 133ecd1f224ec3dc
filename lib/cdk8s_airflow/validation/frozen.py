"""Frozen dataclasses that cost little to declare.

``dataclasses.dataclass(frozen=True)`` compiles six methods for each class, which takes 0.4 ms; with a hundred settings that is a
tenth of all the time a program of this library takes, and no program uses more than a few of them. Here a class becomes a
dataclass when it is first used, only its ``__init__`` is compiled then, and the other methods are the same functions for
all classes. Everything else is as with ``dataclasses``, whose ``fields``, ``replace`` and ``field`` work; only a frozen class
of the one kind cannot inherit from one of the other.
"""

from __future__ import annotations

import dataclasses
import functools
import reprlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from cdk8s_airflow.validation.documentation import document

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: object) -> Callable[[Any], Any]:
        """For type checkers only; part of typing since Python 3.11."""
        return lambda function: function


_Class = TypeVar("_Class", bound=type)


@overload
def frozen(cls: _Class, /) -> _Class: ...


@overload
def frozen(*, kw_only: bool = True, init: bool = True) -> Callable[[_Class], _Class]: ...


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,))
def frozen(cls: type | None = None, /, *, kw_only: bool = True, init: bool = True) -> Any:
    """Makes a class a frozen dataclass: compared and hashed by its fields, and never changed after it is made.

    Args:
        cls: the class.
        kw_only: whether fields are given by name only. Default: they are.
        init: whether ``__init__`` is made. Default: it is; a class with its own sets its fields with
            ``object.__setattr__``.
    """
    if cls is None:
        return functools.partial(_frozen, kw_only=kw_only, init=init)
    return _frozen(cls, kw_only=kw_only, init=init)


def _frozen(cls: type, *, kw_only: bool, init: bool) -> type:
    for name, method in _METHODS.items():
        # A class that writes its own __eq__ has None for __hash__, put there by Python.
        if cls.__dict__.get(name) is None:
            setattr(cls, name, method)
    if not any("__init_subclass__" in base.__dict__ for base in cls.__mro__[:-1]):
        # A subclass that is not decorated has its own docstring.
        cls.__init_subclass__ = classmethod(document)  # type: ignore[assignment]
    _Declared(cls, kw_only=kw_only, init=init)
    return cls


class _Declared:
    """A class that is not a dataclass yet, and becomes one when it is made, or asked for its fields or signature."""

    def __init__(self, cls: type, *, kw_only: bool, init: bool) -> None:
        self._cls: Any = cls
        self._settle = functools.partial(dataclasses.dataclass, kw_only=kw_only, init=init, repr=False, eq=False)
        self._held: dict[str, _OnDemand] = {
            "__dataclass_fields__": _OnDemand(self, lambda made, _, __: made.__dataclass_fields__)
        }
        if init and "__init__" not in cls.__dict__:
            self._held["__init__"] = _OnDemand(self, lambda made, instance, _: _bound(made.__init__, instance))
        document(cls)
        for name, value in self._held.items():
            setattr(cls, name, value)

    def settled(self) -> Any:
        """The class, as the dataclass that it is from now on."""
        held, self._held = self._held, {}
        for name in held:
            delattr(self._cls, name)
        if held:
            # dataclasses reads the docstring, which would be composed for nothing.
            doc, self._cls.__doc__ = self._cls.__dict__["__doc__"], ""
            self._settle(self._cls)
            self._cls.__doc__ = doc
            if "__init__" in held:
                self._cls.__init__ = _reporting(self._cls.__init__)
        return self._cls


ArgumentFilter = Callable[[type, Mapping[str, Any]], Mapping[str, Any]]
"""From a class and the arguments of a refused call to the arguments that the class has. The same object, if nothing is to be left out."""

_filter: list[ArgumentFilter] = []


def filtering_arguments(function: ArgumentFilter) -> ArgumentFilter:
    """Registers the function that reports unknown arguments. It is called only for calls that Python refuses."""
    _filter[:] = [function]
    return function


def _reporting(generated: Any) -> Any:
    """An ``__init__`` that continues without unknown arguments where they are reported."""

    @functools.wraps(generated)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        known: Mapping[str, Any] = kwargs
        try:
            generated(self, *args, **kwargs)
        except TypeError:
            known = _filter[0](type(self), kwargs) if _filter else kwargs
            if known is kwargs:
                raise
        if known is not kwargs:
            generated(self, *args, **known)

    return __init__


def _bound(function: Any, instance: object) -> Any:
    return function if instance is None else function.__get__(instance)


class _OnDemand:
    """An attribute of a class that makes the class a dataclass first, and then is what dataclasses made of it."""

    def __init__(self, declared: _Declared, then: Callable[[Any, object, type], Any]) -> None:
        self._declared = declared
        self._then = then

    def __get__(self, instance: object, asked: type) -> Any:
        return self._then(self._declared.settled(), instance, asked)


@functools.cache
def _given(cls: Any) -> frozenset[str]:
    return frozenset(field.name for field in dataclasses.fields(cls))


@functools.cache
def _shown(cls: Any) -> tuple[tuple[str, Any], ...]:
    """Field -> its default, for each field that is shown."""
    return tuple(
        (
            field.name,
            field.default if field.default_factory is dataclasses.MISSING else field.default_factory(),
        )
        for field in dataclasses.fields(cls)
        if field.repr
    )


@functools.cache
def _compared(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls) if field.compare)


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, name) for name in _compared(self.__class__))


@reprlib.recursive_repr()
def _repr(self: Any) -> str:
    """The class and what differs from its defaults, which is what one writes to make the same object."""
    values = ((name, getattr(self, name), default) for name, default in _shown(self.__class__))
    written = (f"{name}={value!r}" for name, value, default in values if value is not default and value != default)
    return f"{type(self).__qualname__}({', '.join(written)})"


def _eq(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _setattr(self: Any, name: str, value: object) -> None:
    # __init__ gives each field its value; a second one is a change.
    if name in self.__dict__ or name not in _given(self.__class__):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def _delattr(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


_METHODS: dict[str, Callable[..., Any]] = {
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
}
