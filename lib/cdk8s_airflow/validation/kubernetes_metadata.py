"""Labels and annotations: what Kubernetes accepts as their keys and values."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Final, NamedTuple

from cdk8s_airflow.validation.kubernetes_names import is_label_value, qualified_name_problem

_LONGEST_ANNOTATIONS: Final = 256 * 1024


class MetadataProblem(NamedTuple):
    """One thing that is wrong with the labels or annotations of an object.

    Attributes:
        path: the key, or nothing for all of them.
        problem: what is wrong, as a predicate.
        fix: what to write instead, in the imperative.
        value: the value; None if the message does not need it.
    """

    path: tuple[str, ...]
    problem: str
    fix: str
    value: object = None


def type_problems(pairs: object) -> Iterator[MetadataProblem]:
    """Whether labels or annotations are a mapping of strings, which JSON must have to reach the API server."""
    if not isinstance(pairs, dict):
        yield MetadataProblem((), "must be a mapping of strings", "use a mapping", pairs)
        return
    for key, value in pairs.items():
        if not isinstance(value, str):
            yield MetadataProblem((key,), "must be a string", "put the value in quotes", value)


def label_problems(labels: object) -> Iterator[MetadataProblem]:
    """Everything that is wrong with labels."""
    if type(labels) is dict and all(
        type(key) is type(value) is str and _is_label(key, value) for key, value in labels.items()
    ):
        return
    yield from type_problems(labels)
    if not isinstance(labels, dict):
        return
    yield from _key_problems(labels)
    for key, value in labels.items():
        if isinstance(value, str) and not is_label_value(value):
            yield MetadataProblem(
                (key,),
                "must be at most 63 letters, digits, dashes, underscores and dots",
                "shorten the value, or use an annotation",
                value,
            )


@functools.lru_cache(maxsize=4096)
def _is_label(key: str, value: str) -> bool:
    """Whether nothing is wrong with a label. The same labels occur at most objects of an app."""
    return not any(_key_problems({key: value})) and is_label_value(value)


def annotation_problems(annotations: object) -> Iterator[MetadataProblem]:
    """Everything that is wrong with annotations."""
    yield from type_problems(annotations)
    if not isinstance(annotations, dict):
        return
    yield from _key_problems(annotations)
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items() if isinstance(value, str))
    if size > _LONGEST_ANNOTATIONS:
        problem = f"must have at most {_LONGEST_ANNOTATIONS} bytes, and has {size}"
        yield MetadataProblem((), problem, "shorten them")


def _key_problems(pairs: dict[str, object]) -> Iterator[MetadataProblem]:
    for key in pairs:
        problem = qualified_name_problem(key)
        if problem:
            yield MetadataProblem((key,), problem, "use another key")
