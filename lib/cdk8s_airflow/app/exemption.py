"""Declares strings that are not secrets although they look like one. A declaration holds for one app."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from cdk8s_airflow.app.registry import Registry, registry_of
from cdk8s_airflow.secret_scan import Exemptions, using
from cdk8s_airflow.secret_scan.exemptions import ExemptText

if TYPE_CHECKING:
    from constructs import IConstruct

_DEEPEST = 16
_building: ContextVar[Exemptions | None] = ContextVar("_building", default=None)
_used = False


def not_secret(text: str, *, scope: IConstruct | None = None) -> str:
    """Declares that a string is not a secret although it looks like one, and returns it.

    Pass the result as the value: ``env={"CACHE_KEY": not_secret("v1-linux")}``. The declaration applies to the app that
    the value is passed to. It applies to the whole string wherever it occurs there, and not to parts of it. Inside the function
    that is passed to ``run()`` or ``synth()``, it applies to the app that the function builds. A string that is not an argument,
    such as one in a DAG file, needs only this call.

    It has no effect for keys that always contain a secret, such as ``fernetKey``.

    Args:
        text: the whole string.
        scope: any construct of the app that it holds for. Required only for strings that are not passed to a construct of this
            library, outside of a function that is passed to ``run()`` or ``synth()``. Default: none.

    Raises:
        TypeError: if ``text`` is not a string.
    """
    global _used
    if not isinstance(text, str):
        raise TypeError(f"not_secret() takes a string, got {type(text).__name__}")
    _used = True
    if scope is not None:
        registry_of(scope).slot(Exemptions).add(text)
    building = _building.get()
    if building is not None:
        building.add(text)
    return ExemptText(text)


@contextlib.contextmanager
def building() -> Iterator[Exemptions]:
    """Collects the declarations of a function that builds an app."""
    collected = Exemptions()
    token = _building.set(collected)
    try:
        yield collected
    finally:
        _building.reset(token)


@contextlib.contextmanager
def exempting(registry: Registry, *names: str) -> Iterator[None]:
    """Exempts strings of this library's own that look like secrets, such as names of Secrets under a key for a password."""
    exemptions = registry.slot(Exemptions)
    for name in names:
        exemptions.add(name, declared=False)
    with using(exemptions):
        yield


@contextlib.contextmanager
def exemptions_of(scope: Any, arguments: object) -> Iterator[None]:
    """Makes the exemptions of an app active while a construct of it is created.

    Args:
        scope: the construct's scope.
        arguments: everything that was passed to it. Strings that were declared become exemptions of the app.
    """
    if not _used:
        yield
        return
    exemptions = registry_of(scope).slot(Exemptions)
    collected = _building.get()
    if collected is not None:
        exemptions.update(collected)
    for text in _declared(arguments, _DEEPEST):
        exemptions.add(text)
    with using(exemptions):
        yield


def _declared(value: object, levels: int) -> Iterator[str]:
    """The declared strings among the arguments of a construct."""
    if isinstance(value, ExemptText):
        yield str(value)
    elif isinstance(value, (str, bytes, int, float)) or value is None or levels == 0:
        return
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _declared(key, levels - 1)
            yield from _declared(item, levels - 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _declared(item, levels - 1)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _declared(getattr(value, field.name, None), levels - 1)
