"""The source of DAG files: bundles, an image, a volume or a folder. git-sync is a concept of its own, in ``git_sync.py``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions, PodParts, config_option, env_variables
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.dags.bundles import DagBundles, GitBundle
from cdk8s_airflow.dags.folder import LARGEST_CONFIG_MAP, DagFile, FolderFiles
from cdk8s_airflow.dags.image import DAGS_FOLDER, DagImage
from cdk8s_airflow.dags.volume import DagVolume, ExistingDagVolume
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.pruning import state_metadata
from cdk8s_airflow.model.volume import shared_access_mode
from cdk8s_airflow.model.wire.volume import claim
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.durations import seconds

_VOLUME = "dag-files"
_GIT_BUNDLE = "airflow.providers.git.bundles.git.GitDagBundle"


def dag_values(settings: ReleaseSettings) -> Tree:
    """The values for each kind of source."""
    dags = settings.dags
    if isinstance(dags, DagImage):
        return {} if dags.folder == DAGS_FOLDER else {"dags": {"mountPath": dags.folder}}
    if isinstance(dags, DagBundles):
        place = settings.dialect.place("dag_bundles")
        return {} if is_option(place) else nest(place, bundle_list(dags))
    volumes, mounts = dag_mounts(settings)
    if not volumes:
        return {}
    return join(
        *(nest(place, {"extraVolumes": volumes, "extraVolumeMounts": mounts}) for place in dag_readers(settings))
    )


def dag_config(settings: ReleaseSettings) -> ConfigOptions:
    """The list of bundles, for chart versions that set it in airflow.cfg."""
    place = settings.dialect.place("dag_bundles")
    if not isinstance(settings.dags, DagBundles) or not is_option(place):
        return {}
    return config_option(place, json.dumps(bundle_list(settings.dags), sort_keys=True))


def dag_parts(settings: ReleaseSettings) -> PodParts:
    """The logins of bundles."""
    bundles = settings.dags.bundles if isinstance(settings.dags, DagBundles) else ()
    logins = {
        f"AIRFLOW_CONN_{bundle.connection.upper()}": bundle.credentials
        for bundle in bundles
        if bundle.credentials is not None
    }
    return PodParts(variables=env_variables(logins))


def is_option(place: str | None) -> bool:
    """Whether the chart sets the bundles by an option of airflow.cfg."""
    return place is not None and place.startswith("config.")


def dag_claim_name(release: str) -> str:
    """The name of the claim that this library creates for the DAG files of a release."""
    return f"{release}-dags"


def dag_readers(settings: ReleaseSettings) -> list[str]:
    """The keys for volumes of pods that read DAG files from a folder.

    The scheduler does not read DAG files if there is a DAG processor, unless tasks run inside the scheduler. The API server and
    the jobs never do. The chart adds git-sync to the same pods.
    """
    dialect = settings.dialect
    places = {
        "dagProcessor": settings.dag_processor is not None,
        "scheduler": settings.dag_processor is None or settings.runs_tasks_in_scheduler,
        "triggerer": settings.triggerer is not None,
        dialect.place("task_pods.volumes") or "": settings.has_task_pods,
    }
    workers = dialect.place("celery_workers.volumes") or ""
    places[workers] = places.get(workers, False) or settings.has_celery_workers
    return [place for place, reads in places.items() if reads]


def dag_mounts(settings: ReleaseSettings) -> tuple[list[Tree], list[Tree]]:
    """The volumes with DAG files and their mounts, in every pod that reads them; empty for git, bundles and images."""
    dags = settings.dags
    if isinstance(dags, DagVolume):
        return _claim_mounts(dag_claim_name(settings.release), dags.sub_path)
    if isinstance(dags, ExistingDagVolume):
        return _claim_mounts(dags.claim, dags.sub_path)
    if isinstance(dags, FolderFiles):
        return _file_mounts(settings, dags)
    return [], []


def _claim_mounts(name: str, sub_path: str) -> tuple[list[Tree], list[Tree]]:
    """A read-only claim. The chart's own key for a claim would let every pod write to it."""
    mount: Tree = {"name": _VOLUME, "mountPath": DAGS_FOLDER, "readOnly": True}
    if sub_path:
        mount["subPath"] = sub_path
    return [{"name": _VOLUME, "persistentVolumeClaim": {"claimName": name}}], [mount]


def _file_mounts(settings: ReleaseSettings, folder: FolderFiles) -> tuple[list[Tree], list[Tree]]:
    """A mount for each file, so that each is a plain file: in a mounted ConfigMap it would be a symbolic link."""
    volumes: list[Tree] = []
    mounts: list[Tree] = []
    for index, files in enumerate(_portions(folder)):
        volume = f"{_VOLUME}-{index}"
        volumes.append({"name": volume, "configMap": {"name": _config_map_name(settings.release, files)}})
        mounts += [
            {"name": volume, "mountPath": f"{DAGS_FOLDER}/{file.path}", "subPath": key, "readOnly": True}
            for key, file in files.items()
        ]
    return volumes, mounts


def _portions(folder: FolderFiles) -> list[dict[str, DagFile]]:
    """The files by their keys in ConfigMaps, as many in each as fit, in the order of their paths."""
    portions: list[dict[str, DagFile]] = []
    room = 0
    for file in folder.files:
        size = len(file.text.encode()) + len(file.path) + len(str(len(folder.files))) + 1
        if size > room:
            portions.append({})
            room = LARGEST_CONFIG_MAP
        portions[-1][_key(file.path, portions[-1])] = file
        room -= size
    return portions


def _key(path: str, taken: dict[str, DagFile]) -> str:
    """A valid ConfigMap key that still shows the path."""
    key = re.sub(r"[^-._a-zA-Z0-9]", "_", path)[-240:]
    key = f"_{key}" if key in (".", "..") or key.startswith("..") else key
    return key if key not in taken else f"{key}.{len(taken)}"


def _config_map_name(release: str, files: dict[str, DagFile]) -> str:
    told = json.dumps([[key, file.path, file.text] for key, file in files.items()])
    return f"{dag_claim_name(release)}-{digest(told, 10)}"


def bundle_list(dags: DagBundles) -> list[Tree]:
    """The bundles in Airflow's form. Airflow ignores the connection of a bundle with a repository, so each has one of the two."""
    return [
        {"name": bundle.name, "classpath": _GIT_BUNDLE, "kwargs": _bundle_arguments(bundle)} for bundle in dags.bundles
    ]


def _bundle_arguments(bundle: GitBundle) -> Tree:
    """The settings of a bundle. Percent signs are doubled, because Airflow reads a single one as the start of a reference."""
    told = {"tracking_ref": bundle.ref}
    if bundle.sub_path:
        told["subdir"] = bundle.sub_path
    if bundle.credentials is None:
        told["repo_url"] = bundle.repo
    else:
        told["git_conn_id"] = bundle.connection
    return {
        **{key: text.replace("%", "%%") for key, text in told.items()},
        "refresh_interval": seconds(bundle.interval),
    }


def dag_objects(settings: ReleaseSettings) -> dict[str, dict[str, Any]]:
    """The claim or the ConfigMaps that this library creates."""
    dags = settings.dags
    if isinstance(dags, DagVolume):
        mode = shared_access_mode(dags.storage, settings.facts, "dags.storage")
        assert not isinstance(mode, Finding)
        name = dag_claim_name(settings.release)
        return {"dags": claim(name, settings.namespace, dags.storage, mode, state_metadata())}
    if isinstance(dags, FolderFiles):
        return {
            f"dags-{index}": {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": _config_map_name(settings.release, files), "namespace": settings.namespace},
                "immutable": True,
                "data": {key: file.text for key, file in files.items()},
            }
            for index, files in enumerate(_portions(dags))
        }
    return {}


def dag_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if the source does not work with this release."""
    dags = settings.dags
    if isinstance(dags, DagVolume):
        mode = shared_access_mode(dags.storage, settings.facts, "dags.storage")
        if isinstance(mode, Finding):
            yield mode
    if isinstance(dags, DagBundles) and settings.dialect.place("dag_bundles") is None:
        yield Finding(
            rule="dags/bundles",
            at="dags",
            problem=f"requires Airflow 3 for DAG bundles, but airflow_version is {settings.dialect.airflow}",
            seen="DagBundles",
            fix="use DagRepoSync for one repository, or Airflow 3.0.2 or newer",
        )
    if isinstance(dags, DagImage) and settings.image is not None:
        yield Finding(
            rule="dags/two-images",
            at="image",
            problem="conflicts with dags=DagImage(...), which sets the image of Airflow too",
            seen=repr(settings.image.repository),
            fix="remove image=: Airflow runs the image of DagImage",
        )


def dag_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secrets with which Airflow logs in to the repositories of bundles."""
    if isinstance(settings.dags, DagBundles):
        for bundle in settings.dags.bundles:
            if bundle.credentials is not None:
                yield needs.git_connection(
                    bundle.credentials, settings.namespace, repo=bundle.repo, purpose=f"reads {bundle.repo}"
                )


def _has_other_dags(settings: ReleaseSettings) -> bool:
    """Whether DAGs come from a place that ``dags=`` does not set: the examples of Airflow, or a volume of the user."""
    examples = settings.config.get("core", {}).get("load_examples")
    own_values = any("dags" in values for values in (settings.values, settings.unchecked_values))
    mounted = any(
        settings.values.get(key) or settings.unchecked_values.get(key) for key in ("volumeMounts", "extraVolumeMounts")
    )
    return str(examples).lower() in ("true", "1", "t") or own_values or mounted


def dag_notes(settings: ReleaseSettings) -> Iterator[str]:
    """A release without DAG files."""
    if settings.dags is None and settings.image is None and not _has_other_dags(settings):
        yield BeforeApply(
            f"Release {settings.release} has no DAGs: dags= is not set, and the official image has none. Set "
            "dags=DagRepoSync(...), DagBundles(...), DagImage(...) or DagVolume(...)."
        )


DAGS = Concept(
    values=dag_values,
    parts=dag_parts,
    config=dag_config,
    objects=dag_objects,
    rules=dag_rules,
    needs=dag_needs,
    notes=dag_notes,
)
"""The source of DAG files, except git-sync."""
