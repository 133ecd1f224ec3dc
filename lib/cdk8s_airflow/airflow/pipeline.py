"""From the settings of a release to everything that follows from them, as one pure function.

:class:`AirflowChart` and the tests use the same function. Each result is computed once, when it is first read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, Objects, SharedResults
from cdk8s_airflow.airflow.wire.concepts import concepts_of
from cdk8s_airflow.airflow.wire.duplicate_names import duplicate_variable_rules, duplicate_volume_rules
from cdk8s_airflow.airflow.wire.effective_settings import EffectiveSettings
from cdk8s_airflow.airflow.wire.pod_parts import (
    PodTemplates,
    config_option_values,
    merged_options,
    merged_parts,
    pod_part_values,
)
from cdk8s_airflow.airflow.wire.pod_security import completed_values
from cdk8s_airflow.airflow.wire.release_wide import labelled
from cdk8s_airflow.airflow.wire.sessions import demands
from cdk8s_airflow.airflow.wire.task_pods import pod_template_values, pod_templates
from cdk8s_airflow.airflow.wire.tree import Tree, join, overlay
from cdk8s_airflow.delivery.wire import Delivered, Release, deliver
from cdk8s_airflow.delivery.wire.k3s import structured_rules
from cdk8s_airflow.model.release_access import ReleaseAccess
from cdk8s_airflow.model.secret_need import SecretNeed, merged
from cdk8s_airflow.model.sessions import Demand
from cdk8s_airflow.schemas import check_values
from cdk8s_airflow.schemas.chart_values import secret_findings
from cdk8s_airflow.text.yaml_writer import values_text
from cdk8s_airflow.validation import Finding, PlatformError
from cdk8s_airflow.validation.frozen import frozen

if TYPE_CHECKING:
    from cdk8s_airflow.airflow.handles import ReleaseHandles
    from cdk8s_airflow.model.footprint import Workload
    from cdk8s_airflow.model.permission import Permission
    from cdk8s_airflow.model.traffic import Traffic


def compile_release(settings: ReleaseSettings) -> CompiledRelease:
    """Everything that follows from the settings of a release."""
    return CompiledRelease(settings=settings)


@frozen
class CompiledRelease:
    """The results for one release.

    Read :attr:`findings` first. If there are any, the other results may be incomplete or wrong.

    Attributes:
        settings: the release.
    """

    settings: ReleaseSettings

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that is wrong with the settings, their combination, and the values that follow from them."""
        found = [*self.setting_findings, *self._overlay_findings]
        if not found:
            found += self.pod_templates.findings
        if not found:
            found += self._rendered[1]
        if not found:
            found += structured_rules(self.settings.delivery, self.values)
        return tuple(found)

    @cached_property
    def setting_findings(self) -> tuple[Finding, ...]:
        """What is wrong with the settings, alone or together."""
        found = [finding for concept in self.concepts for finding in concept.rules(self.settings)]
        found += [finding for concept in self.concepts for finding in concept.rules_from(self.shared)]
        return tuple(found)

    @cached_property
    def values_from_arguments(self) -> Tree:
        """The values of the chart that follow from the arguments, without ``values=`` and ``unchecked_values=``."""
        shared, settings = self.shared, self.settings
        return join(
            *(concept.values(settings) for concept in self.concepts),
            *(concept.values_from(shared) for concept in self.concepts),
            pod_part_values(shared.parts),
            config_option_values(shared.config),
        )

    @cached_property
    def values(self) -> Tree:
        """The values of the chart, as the delivery gets them: ``values=`` replaces what follows for task pods too."""
        templates = pod_template_values(self.settings, self.pod_templates)
        checked = overlay(overlay(self._overlaid_values, templates), self._user_values)
        return overlay(checked, self.settings.unchecked_values)

    @cached_property
    def pod_templates(self) -> PodTemplates:
        """The templates of task pods."""
        return pod_templates(self.shared)

    @cached_property
    def needs(self) -> tuple[SecretNeed, ...]:
        """The Secrets that must exist: for the release itself, and for its tasks in other namespaces."""
        late = [need for concept in self.concepts for need in concept.needs_from(self.shared)]
        return tuple(merged([*self.shared.needs, *late]))

    @cached_property
    def objects(self) -> Objects:
        """The objects that belong neither to the chart nor to the delivery, by construct id."""
        made: Objects = {}
        for concept in self.concepts:
            made |= concept.objects(self.settings)
        for concept in self.concepts:
            made |= concept.objects_from(self.shared)
        return labelled(made, self.settings)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Lines for the summary."""
        return tuple(
            note
            for concept in self.concepts
            for note in (*concept.notes(self.settings), *concept.notes_from(self.shared))
        )

    @cached_property
    def effective_settings(self) -> EffectiveSettings:
        """The settings with ``values=`` and ``unchecked_values=`` applied, which everything about the running release reads."""
        return EffectiveSettings(settings=self.settings, config=self.shared.config)

    @cached_property
    def sessions(self) -> tuple[Demand, ...]:
        """The database sessions that the release opens, for each server."""
        return tuple(demands(self.effective_settings))

    @property
    def delivered(self) -> Delivered:
        """The objects and files by which the delivery brings the release to the cluster. Computed at each call."""
        settings = self.settings
        release = Release(
            name=settings.release,
            namespace=settings.namespace,
            chart_version=settings.dialect.chart,
            text=self._rendered[0],
            values=self.values,
        )
        return deliver(settings.delivery, release, settings.facts)

    @cached_property
    def traffic(self) -> Traffic:
        """The pods of the release and all their connections."""
        from cdk8s_airflow.airflow.wire.traffic import release_traffic

        return release_traffic(self.effective_settings)

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """The pods that the chart creates, with their requests and limits."""
        from cdk8s_airflow.airflow.wire.footprint import release_workloads

        return tuple(release_workloads(self.effective_settings))

    @cached_property
    def permissions(self) -> tuple[Permission, ...]:
        """The permissions of every service account that comes with the release."""
        from cdk8s_airflow.airflow.wire.permissions import release_permissions

        return release_permissions(self.effective_settings, self.objects.values())

    @property
    def access(self) -> ReleaseAccess:
        """How to get the first account, and the URL of the UI."""
        from cdk8s_airflow.airflow.wire.access import release_access

        return release_access(self.settings)

    @cached_property
    def handles(self) -> ReleaseHandles:
        """The names, labels and ports of what the release creates."""
        from cdk8s_airflow.airflow.wire.handles import release_handles

        return release_handles(self.effective_settings)

    @cached_property
    def concepts(self) -> tuple[Concept, ...]:
        """The concepts that the release uses."""
        return concepts_of(self.settings)

    @cached_property
    def shared(self) -> SharedResults:
        """The results that several concepts need."""
        settings = self.settings
        config = merged_options(concept.config(settings) for concept in self.concepts)
        defaults = merged_options(concept.config_defaults(settings) for concept in self.concepts)
        return SharedResults(
            settings=settings,
            user_values=self._user_values,
            parts=merged_parts(concept.parts(settings) for concept in self.concepts),
            config=overlay(defaults, config),
            config_of_arguments=config,
            needs=tuple(merged(self._needs(self.settings))),
            needs_in_namespace=lambda name: self._needs(replace(self.settings, namespace=name, task_namespaces=())),
            pod_templates=lambda: self.pod_templates,
        )

    def _needs(self, settings: ReleaseSettings) -> Iterable[SecretNeed]:
        return [need for concept in self.concepts for need in concept.needs(settings)]

    @cached_property
    def _overlaid_values(self) -> Tree:
        """The values with ``values=`` merged over them, before the templates of task pods."""
        return overlay(self.values_from_arguments, self._user_values)

    @cached_property
    def _user_values(self) -> Mapping[str, Any]:
        """``values=``, with complete security contexts of the containers that it adds."""
        settings = self.settings
        return completed_values(settings.values, settings.pod_security) if settings.values else {}

    @cached_property
    def _overlay_findings(self) -> tuple[Finding, ...]:
        """What is wrong with ``values=`` and ``unchecked_values=``, and with the values as a whole."""
        settings, values, given = self.settings, self._overlaid_values, self.settings.values
        found = secret_findings(settings.unchecked_values, "unchecked_values")
        unfit = self._unfit_values([*self.setting_findings, *found])
        found += unfit or [*duplicate_variable_rules(settings, values, given), *duplicate_volume_rules(values)]
        if given and not unfit:
            from cdk8s_airflow.airflow.wire.value_containers import value_container_rules

            found += value_container_rules(settings, values)
        return tuple(found)

    def _unfit_values(self, found: Iterable[Finding]) -> list[Finding]:
        """What the chart does not accept, without repeating what the settings were refused for."""
        settings = self.settings
        if settings.values:
            # Only a release with values= loads the classes of keys.
            from cdk8s_airflow.airflow.wire.given_values import given_value_findings

            unfit = given_value_findings(settings, self.values_from_arguments)
        else:
            unfit = check_values(
                self.values_from_arguments,
                chart_version=settings.dialect.chart,
                airflow_version=settings.dialect.airflow,
                executor=settings.executor.name,
                schema=settings.archived_schema,
                effects=False,
            )
        if any(finding.at == "executor" for finding in found):
            unfit = [finding for finding in unfit if finding.at != "values.executor"]
        if any(finding.rule in ("environment/clear-text", "environment/owned") for finding in found):
            in_overlay = {finding.at for finding in secret_findings(settings.values)}
            unfit = [each for each in unfit if each.rule != "values/secret-literal" or each.at in in_overlay]
        return list(unfit)

    @cached_property
    def _rendered(self) -> tuple[str, tuple[Finding, ...]]:
        """The values as text, or what cannot be written: only ``unchecked_values=`` has not been checked for that."""
        try:
            return values_text(self.values), ()
        except PlatformError as error:
            return "", tuple(_within_overlay(finding, self.settings.unchecked_values) for finding in error.findings)


class Releases(list[CompiledRelease]):
    """The releases of an app; the slot of the registry."""


def _within_overlay(finding: Finding, unchecked_values: Mapping[str, Any]) -> Finding:
    """A finding about the values, under ``unchecked_values`` if it is about one of these."""
    if any(finding.at.startswith(f"values.{key}") for key in unchecked_values):
        return replace(finding, at=f"unchecked_{finding.at}")
    return finding
