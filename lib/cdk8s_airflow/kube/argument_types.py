"""Accepts arguments of cdk8s whose type is plainly right, so that programs without mistakes do not load typeguard.

Before each call, jsii compares the arguments with their annotations. It uses typeguard for that, whose import takes a fifth of
the time of an empty cdk8s program, because it loads ``unittest.mock`` and ``asyncio``. The function here is asked first. Whatever
it does not accept goes to typeguard as before, so that a wrong argument raises the same error.
"""

from __future__ import annotations

import collections.abc
import functools
from collections.abc import Callable
from typing import Any, Union, get_args, get_origin


def accept_plain_types() -> None:
    """Registers the function with jsii. Nothing changes if jsii has loaded typeguard, or has no place for another check."""
    try:
        from jsii import _type_checking as checking
    except ImportError:
        return
    if getattr(checking, "_resolved_check", checking) is None and callable(
        load := getattr(checking, "_load_typeguard_check", None)
    ):
        checking._resolved_check = functools.partial(_check, functools.cache(load))


def _check(load: Callable[[], Any], *, argname: str, value: object, expected_type: Any) -> Any:
    return (
        None if is_plainly(value, expected_type) else load()(argname=argname, value=value, expected_type=expected_type)
    )


def is_plainly(value: object, hint: Any) -> bool:
    """Whether a value has the type of an annotation. False if that takes more than a look at its class and its items.

    Args:
        value: the argument.
        hint: the evaluated annotation.
    """
    if hint is Any:
        return True
    if hint is type(None):
        return value is None
    arms = get_args(hint)
    origin = get_origin(hint)
    if origin is Union:
        return any(is_plainly(value, arm) for arm in arms)
    if origin is collections.abc.Sequence:
        return type(value) is list and all(is_plainly(item, arms[0]) for item in value)
    if origin in (dict, collections.abc.Mapping):
        return type(value) is dict and all(
            is_plainly(key, arms[0]) and is_plainly(item, arms[1]) for key, item in value.items()
        )
    # Interfaces of jsii are protocols; a class lists those that it implements.
    return any(hint is base or hint in base.__dict__.get("__jsii_ifaces__", ()) for base in type(value).__mro__)
