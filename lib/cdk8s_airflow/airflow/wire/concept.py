"""The shape of a concept: everything that one part of a release, like logs or the database, adds to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions, PodParts, PodTemplates
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.frozen import frozen

Objects: TypeAlias = dict[str, dict[str, Any]]
"""Construct id -> manifest."""


@frozen
class SharedResults:
    """Results that several concepts need, each computed once for a release.

    Attributes:
        settings: the release.
        user_values: ``values=``, with complete security contexts.
        parts: what concepts add to every pod that runs Airflow.
        config: the options of airflow.cfg, without those in ``values=``.
        config_of_arguments: the same without ``config=`` and ``throughput=``.
        needs: the Secrets that the release reads in its own namespace.
        needs_in_namespace: the Secrets that the same release would read in another namespace.
        pod_templates: the templates of task pods, rendered at the first call.
    """

    settings: ReleaseSettings
    user_values: Mapping[str, Any]
    parts: PodParts
    config: ConfigOptions
    config_of_arguments: ConfigOptions
    needs: tuple[SecretNeed, ...]
    needs_in_namespace: Callable[[str], Iterable[SecretNeed]]
    pod_templates: Callable[[], PodTemplates]


_NO_PARTS = PodParts()


def _no_values(_: object) -> Tree:
    return {}


def _no_parts(_: object) -> PodParts:
    return _NO_PARTS


def _no_objects(_: object) -> Objects:
    return {}


def _none(_: object) -> Iterator[Any]:
    yield from ()


@frozen
class Concept:
    """What one concept adds to a release.

    The functions of the first group compute their result from the settings alone. Those whose name ends in ``_from`` also read
    the results that concepts share.

    Attributes:
        values: its values of the chart.
        parts: what it adds to every pod that runs Airflow.
        config: its options of airflow.cfg.
        config_defaults: options of airflow.cfg that those of other concepts replace.
        objects: the objects that it adds to those of the chart.
        rules: findings about it, alone or together with other settings.
        needs: Secrets that must exist for it.
        notes: lines for the summary.
        values_from: values of the chart that follow from shared results.
        objects_from: objects that follow from shared results.
        rules_from: findings that follow from shared results.
        needs_from: Secrets that follow from shared results.
        notes_from: lines for the summary that follow from shared results.
    """

    values: Callable[[ReleaseSettings], Tree] = _no_values
    parts: Callable[[ReleaseSettings], PodParts] = _no_parts
    config: Callable[[ReleaseSettings], ConfigOptions] = _no_values
    config_defaults: Callable[[ReleaseSettings], ConfigOptions] = _no_values
    objects: Callable[[ReleaseSettings], Objects] = _no_objects
    rules: Callable[[ReleaseSettings], Iterable[Finding]] = _none
    needs: Callable[[ReleaseSettings], Iterable[SecretNeed]] = _none
    notes: Callable[[ReleaseSettings], Iterable[str]] = _none
    values_from: Callable[[SharedResults], Tree] = _no_values
    objects_from: Callable[[SharedResults], Objects] = _no_objects
    rules_from: Callable[[SharedResults], Iterable[Finding]] = _none
    needs_from: Callable[[SharedResults], Iterable[SecretNeed]] = _none
    notes_from: Callable[[SharedResults], Iterable[str]] = _none


@frozen(kw_only=False)
class OptionalConcept:
    """A concept whose module is imported only for a release that uses it.

    Attributes:
        used: whether a release uses it.
        load: imports it.
    """

    used: Callable[[ReleaseSettings], bool]
    load: Callable[[], Concept]
