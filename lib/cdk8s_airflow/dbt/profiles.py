"""The profiles of dbt, for the pods that run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from constructs import Construct

from cdk8s_airflow.airflow.pod_settings import AirflowPod
from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.dbt.targets import DbtName, DbtProfile, PodPath
from cdk8s_airflow.dbt.wire.profiles import (
    ProfilesSettings,
    authorities,
    authority_mounts,
    authority_volumes,
    dbt_env,
    dbt_traffic,
    login_of,
    profiles_manifest,
    profiles_mount,
    profiles_volume,
    secret_variables,
    variable_rules,
)
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.image import Image
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import PullSecret, SecretKey
from cdk8s_airflow.model.traffic import Traffic
from cdk8s_airflow.namespaces.namespace import NamespaceHandle
from cdk8s_airflow.network.left_out import require_policies
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import ObjectName, VariableName

_Pod = TypeVar("_Pod", bound=AirflowPod)


class DbtProfiles(PlatformConstruct):
    """The file ``profiles.yml`` of dbt in a ConfigMap, and the pods that have it.

    No password is in the file: it names variables, which pods read from Secrets. dbt keeps their content out of its logs,
    because their names begin with ``DBT_ENV_SECRET_``.

    Two ways lead to a task that runs dbt. With an ``image=`` that has dbt and the project, the ConfigMap also holds a pod, and a DAG
    runs it with ``KubernetesPodOperator(pod_template_file="/profiles/pod.yaml")``; the pods of tasks have the file by
    :meth:`mounted_in`. With dbt in Airflow's own image, a task runs it itself, in a pod made by :meth:`running_in`.
    """

    how_to_write = 'DbtProfiles(chart, "dbt", namespace=airflow, profiles={"warehouse": DbtProfile(...)})'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        namespace: NamespaceHandle,
        profiles: Mapping[DbtName, DbtProfile],
        name: ObjectName = "dbt-profiles",
        folder: PodPath = "/profiles",
        image: Image | None = None,
        pull_secret: PullSecret | None = None,
        resources: Resources = Resources(cpu="250m", memory="512Mi", memory_limit="1Gi"),
        env: Mapping[VariableName, str] | None = None,
    ) -> None:
        """Create the ConfigMap with the dbt profiles.

        Args:
            scope: the Chart it is written to.
            id: the construct id.
            namespace: where tasks run: a ConfigMap and Secrets are read in their own namespace only.
            profiles: name -> profile, as the dbt project names it.
            name: the ConfigMap's name. Default: ``"dbt-profiles"``.
            folder: where pods have the files. Default: ``"/profiles"``.
            image: the image with dbt, its adapter and the project. Default: none, and no pod is written.
            pull_secret: the Secret with the login to its registry. Default: none.
            resources: of the pod. Default: 250m CPU, 512Mi memory, at most 1Gi.
            env: further variables of containers that run dbt, like ``{"DBT_TARGET": "prod"}``. Default: none.

        Raises:
            PlatformError: for a profile that dbt would refuse or that would show a secret.
        """
        found = checked(DbtProfiles.__init__, locals())
        if not found:
            found += _rules(profiles, env or {}, folder)
        super().__init__(scope, id, found)
        if not self._sound:
            return
        self._settings = ProfilesSettings(
            name=name,
            namespace=namespace.name,
            profiles=profiles,
            folder=folder,
            image=None if image is None else image.reference,
            pull_policy="IfNotPresent" if image is None else image.pull_policy,
            pull_secret=None if pull_secret is None else pull_secret.name,
            resources=resources,
            env=env or {},
        )
        self._emit({"profiles": profiles_manifest(self._settings)})
        if not self._sound:
            return
        require_policies(self, f"DbtProfiles {name!r}", partial(dbt_traffic, self._settings))
        self._need(
            needs.authority(ca, namespace.name, "dbt: the authority of a warehouse")
            for ca in authorities(profiles)
            if isinstance(ca, SecretKey)
        )
        self._need(
            replace(
                needs.free_key(
                    key,
                    namespace.name,
                    f"dbt: {what}",
                    content=f"the {what.partition(' ')[0]}",
                    login=login_of(self._settings, key),
                ),
                awaited=False,
            )
            for _, key, what in secret_variables(profiles)
        )

    def mounted_in(self, pod: _Pod) -> _Pod:
        """The pod with the files in it, but none of the secrets; what else it has stays.

        Args:
            pod: the pod of a component or task, like ``TaskPod()``.
        """
        if not self._sound:
            return pod
        return replace(
            pod,
            volumes=(*pod.volumes, profiles_volume(self._settings)),
            volume_mounts=(*pod.volume_mounts, profiles_mount(self._settings)),
        )

    def running_in(self, pod: _Pod) -> _Pod:
        """The pod with the files and the variables in it, so that what runs there can call dbt; what else it has stays.

        Args:
            pod: the pod of a component or task, like ``TaskPod()``. What its ``env`` says wins.
        """
        if not self._sound:
            return pod
        pod = self.mounted_in(pod)
        return replace(
            pod,
            env={**dbt_env(self._settings), **pod.env},
            volumes=(*pod.volumes, *authority_volumes(self._settings)),
            volume_mounts=(*pod.volume_mounts, *authority_mounts(self._settings)),
        )

    @property
    def traffic(self) -> Traffic:
        """The connections of the pods of ``image=``, for :class:`NetworkIsolation`. A pod of ``running_in`` is one of the release, whose
        own flows do not know the warehouse: name it in ``NetworkIsolation(flows=...)``."""
        return dbt_traffic(self._settings) if self._sound else Traffic()

    @property
    def env(self) -> Mapping[str, Any]:
        """The variables of a container that runs dbt: texts and keys of Secrets."""
        return dbt_env(self._settings) if self._sound else {}


def _rules(profiles: Mapping[str, DbtProfile], env: Mapping[str, str], folder: str) -> list[Finding]:
    found = list(variable_rules(profiles))
    if not profiles:
        found.append(
            Finding(
                rule="dbt/empty",
                at="profiles",
                problem="has no profile",
                fix=f'Use {{"warehouse": {DbtProfile.how_to_write}}}',
            )
        )
    if folder == "/tmp" or folder.startswith("/tmp/"):
        found.append(
            Finding(
                rule="dbt/path",
                at="folder",
                problem="is below /tmp, which dbt writes to",
                seen=repr(folder),
                fix='Use another path, such as "/profiles"',
            )
        )
    for name, text in env.items():
        if name == "DBT_PROFILES_DIR" or name.startswith("DBT_ENV_SECRET_"):
            found.append(
                Finding(
                    rule="dbt/env",
                    at=f"env.{name}",
                    problem="is set by folder= or by the secrets of the profiles",
                    fix="Remove it",
                )
            )
        elif "{{" in text:
            found.append(
                Finding(
                    rule="components/template",
                    at=f"env.{name}",
                    problem="must not contain {{, which some chart versions evaluate as a template",
                    fix="Remove {{ from the value",
                )
            )
    return found
