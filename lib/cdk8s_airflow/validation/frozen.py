"""Frozen dataclasses that cost little to declare and to use.

``dataclasses.dataclass(frozen=True)`` compiles six methods for each class, which takes 0.4 ms; with a hundred settings that is a
tenth of all the time a program of this library takes, and no program uses more than a few of them. Here a class becomes a
dataclass when it is first used, nothing is compiled for it, and its methods are the same functions for all classes. Its
``__init__`` is generated only if a caller reads its signature, or calls it with wrong arguments. Everything else is as with
``dataclasses``, whose ``fields``, ``replace`` and ``field`` work; only a frozen class of the one kind cannot inherit from one of
the other.
"""

from __future__ import annotations

import dataclasses
import functools
import reprlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

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
        self._settle = functools.partial(dataclasses.dataclass, kw_only=kw_only, init=False, repr=False, eq=False)
        document(cls)
        setattr(cls, "__dataclass_fields__", _Fields(self))  # noqa: B010 - a type checker would want a real one
        if init and "__init__" not in cls.__dict__:
            setattr(cls, "__init__", _Init(self))  # noqa: B010

    def settled(self) -> Any:
        """The class, as the dataclass that it is from now on."""
        cls = self._cls
        if isinstance(cls.__dict__["__dataclass_fields__"], _Fields):
            del cls.__dataclass_fields__
            # dataclasses reads the docstring, which would be composed for nothing, and writes one with the signature if it is empty.
            doc, cls.__doc__ = cls.__dict__["__doc__"], "-"
            self._settle(cls)
            cls.__doc__ = doc
        return cls

    @functools.cached_property
    def fields(self) -> tuple[dataclasses.Field[Any], ...]:
        """The fields of the class and its bases."""
        return dataclasses.fields(self.settled())

    @functools.cached_property
    def arguments(self) -> _Arguments:
        """How arguments become fields."""
        missing = dataclasses.MISSING
        return _Arguments(
            names={field.name for field in self.fields},
            required={
                field.name for field in self.fields if field.default is missing and field.default_factory is missing
            },
            positional=tuple(field.name for field in self.fields if not field.kw_only),
            defaults={field.name: field.default for field in self.fields},
            factories={
                field.name: field.default_factory for field in self.fields if field.default_factory is not missing
            },
            checks=hasattr(self._cls, "__post_init__"),
        )

    @functools.cached_property
    def init(self) -> Any:
        """The ``__init__`` that dataclasses generates: it has the signature, and refuses a call in the words of Python."""
        fields = [(field.name, field.type, _without_name(field)) for field in self.fields]
        made: Any = vars(dataclasses.make_dataclass(self._cls.__name__, fields))["__init__"]
        made.__qualname__ = f"{self._cls.__qualname__}.__init__"
        made.__module__ = self._cls.__module__
        return _reporting(made)


def _without_name(field: dataclasses.Field[Any]) -> Any:
    """The default of a field, as one writes it in a class."""
    return dataclasses.field(default=field.default, default_factory=field.default_factory, kw_only=bool(field.kw_only))


class _Arguments(NamedTuple):
    """How the arguments of a class become its fields."""

    names: set[str]
    required: set[str]
    positional: tuple[str, ...]
    defaults: dict[str, Any]
    factories: dict[str, Callable[[], Any]]
    checks: bool


class _Init:
    """The ``__init__`` of a class: read from the class, the one that dataclasses generates; for an object, one that is not compiled."""

    def __init__(self, declared: _Declared) -> None:
        self._declared = declared

    def __get__(self, instance: object, owner: type) -> Any:
        return self._declared.init if instance is None else functools.partial(_set_fields, self._declared, instance)


def _set_fields(declared: _Declared, instance: Any, /, *args: Any, **given: Any) -> None:
    names, required, positional, defaults, factories, checks = declared.arguments
    named = {**dict(zip(positional, args, strict=False)), **given} if args else given
    if len(named) < len(args) + len(given) or not (named.keys() <= names and required <= named.keys()):
        declared.init(instance, *args, **given)
        return
    values = instance.__dict__
    values.update(defaults)
    values.update(named)
    for name, factory in factories.items():
        if name not in named:
            values[name] = factory()
    if checks:
        instance.__post_init__()


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


class _Fields:
    """The fields of a class that is not a dataclass yet. Reading them makes it one."""

    def __init__(self, declared: _Declared) -> None:
        self._declared = declared

    def __get__(self, instance: object, owner: type) -> Any:
        return self._declared.settled().__dataclass_fields__


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
