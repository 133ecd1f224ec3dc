"""DAG sources as values of the chart and objects of ours, for all pairs of versions."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import settings as how
from hypothesis import strategies as st

from cdk8s_airflow.airflow.components import DagProcessor
from cdk8s_airflow.airflow.wire import dags as wire
from cdk8s_airflow.airflow.wire.dags import DAGS, dag_needs, dag_objects, dag_readers, dag_rules
from cdk8s_airflow.airflow.wire.shared_secrets import shared_secret_rules
from cdk8s_airflow.dags.bundles import DagBundles, GitBundle
from cdk8s_airflow.dags.folder import DagFile, FolderFiles
from cdk8s_airflow.dags.image import DagImage
from cdk8s_airflow.dags.volume import DagVolume
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.secret_reference import (
    SecretKey,
)
from cdk8s_airflow.model.volume import Volume
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, release, values_of

NEWEST = ("1.22.0", "3.2.2")


everywhere = pytest.mark.parametrize("pair", PAIRS, ids=called)
ONE_NODE = ClusterFacts(nodes=1)
MOUNT = {"name": "dag-files", "mountPath": "/opt/airflow/dags", "readOnly": True}


def task_pods(pair: Pair) -> str:
    return "workers.kubernetes" if pair[0] == "1.22.0" else "workers"


def below(values: dict[str, Any], place: str) -> Any:
    for part in place.split("."):
        values = values[part]
    return values


@everywhere
def test_who_reads_dag_files_follows_the_version(pair: Pair) -> None:
    parser = "dagProcessor" if pair in WITH_AIRFLOW_3 else "scheduler"
    assert dag_readers(release(pair)) == [parser, "triggerer", task_pods(pair)]
    assert dag_readers(release(pair, triggerer=None, dag_processor=DagProcessor())) == ["dagProcessor", task_pods(pair)]


@everywhere
def test_a_claim_is_mounted_read_only_by_its_readers_and_by_nobody_else(pair: Pair) -> None:
    settings = release(pair, dags=DagVolume(Volume("5Gi", storage_class="nfs")), facts=ONE_NODE)
    values = values_of(DAGS, settings)
    extra = {
        "extraVolumes": [{"name": "dag-files", "persistentVolumeClaim": {"claimName": "lab-dags"}}],
        "extraVolumeMounts": [MOUNT],
    }
    for place in dag_readers(settings):
        assert below(values, place) == extra
    assert len(values) == 3


def test_the_claim_is_ours_marked_as_state_and_shared_where_the_class_can() -> None:
    facts = ClusterFacts(rwx_classes={"nfs"})
    settings = release(PAIRS[0], dags=DagVolume(Volume("5Gi", storage_class="nfs")), facts=facts)
    (made,) = dag_objects(settings).values()
    assert (made["kind"], made["metadata"]["name"], made["metadata"]["namespace"]) == (
        "PersistentVolumeClaim",
        "lab-dags",
        "airflow-lab",
    )
    assert made["spec"]["accessModes"] == ["ReadWriteMany"]
    assert made["metadata"]["labels"] == {"cdk8s-airflow/holds-state": "true"}
    assert list(dag_rules(settings)) == []


def test_an_existing_claim_is_mounted_and_not_made() -> None:
    settings = release(PAIRS[0], dags=DagVolume.existing("shared", sub_path="team/dags"))
    scheduler = values_of(DAGS, settings)["scheduler"]
    assert scheduler["extraVolumes"] == [{"name": "dag-files", "persistentVolumeClaim": {"claimName": "shared"}}]
    assert scheduler["extraVolumeMounts"] == [{**MOUNT, "subPath": "team/dags"}]
    assert dag_objects(settings) == {}


@everywhere
def test_files_of_a_folder_are_mounted_one_by_one(pair: Pair) -> None:
    files = FolderFiles((DagFile("a.py", "1\n"), DagFile("sql/b c.sql", "{{ ds }}\n")))
    settings = release(pair, dags=files)
    (made,) = dag_objects(settings).values()
    name = made["metadata"]["name"]
    assert re.fullmatch(r"lab-dags-[0-9a-f]{10}", name)
    assert made["data"] == {"a.py": "1\n", "sql_b_c.sql": "{{ ds }}\n"}
    assert made["immutable"] is True
    assert below(values_of(DAGS, settings), task_pods(pair)) == {
        "extraVolumes": [{"name": "dag-files-0", "configMap": {"name": name}}],
        "extraVolumeMounts": [
            {"name": "dag-files-0", "mountPath": "/opt/airflow/dags/a.py", "subPath": "a.py", "readOnly": True},
            {
                "name": "dag-files-0",
                "mountPath": "/opt/airflow/dags/sql/b c.sql",
                "subPath": "sql_b_c.sql",
                "readOnly": True,
            },
        ],
    }


def test_a_changed_file_changes_the_name_that_pods_mount() -> None:
    def name(*files: DagFile) -> str:
        (made,) = dag_objects(release(PAIRS[0], dags=FolderFiles(files))).values()
        return str(made["metadata"]["name"])

    one, two = DagFile("a.py", "1\n"), DagFile("a.py", "2\n")
    assert name(one) == name(DagFile("a.py", "1\n"))
    assert len({name(one), name(two), name(DagFile("b.py", "1\n")), name(one, DagFile("b.py", ""))}) == 4


PATHS = st.lists(st.sampled_from(["a", "b", "a_b", "a b", "..x", ".a", "..", "x.py"]), min_size=1, max_size=3).map(
    lambda parts: "/".join(part for part in parts if part != "..") or "z"
)


@given_any(st.dictionaries(PATHS, st.text("ä1\n", max_size=40), min_size=1, max_size=30))
@how(derandomize=True, deadline=None, max_examples=300)
def test_every_file_is_in_one_config_map_that_has_room_for_it(files: dict[str, str]) -> None:
    folder = FolderFiles(tuple(DagFile(path, text) for path, text in sorted(files.items())))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "LARGEST_CONFIG_MAP", 150)
        settings = release(PAIRS[0], dags=folder)
        objects = dag_objects(settings)
        scheduler = values_of(DAGS, settings)["scheduler"]
    maps = {made["metadata"]["name"]: made["data"] for made in objects.values()}
    assert len(maps) == len(objects)
    for data in maps.values():
        assert sum(len(key) + len(text.encode()) for key, text in data.items()) <= 150
        assert all(re.fullmatch(r"[-._a-zA-Z0-9]+", key) and not key.startswith("..") for key in data)
    volumes = {volume["name"]: volume["configMap"]["name"] for volume in scheduler["extraVolumes"]}
    mounted = {
        mount["mountPath"].removeprefix("/opt/airflow/dags/"): maps[volumes[mount["name"]]][mount["subPath"]]
        for mount in scheduler["extraVolumeMounts"]
    }
    assert mounted == files
    assert set(volumes.values()) == set(maps)


def test_a_baked_image_mounts_nothing_and_says_its_folder_where_it_is_another() -> None:
    assert values_of(DAGS, release(PAIRS[0], dags=DagImage("r.lab/a", tag="1"))) == {}
    elsewhere = release(PAIRS[0], dags=DagImage("r.lab/a", tag="1", folder="/dags"))
    assert values_of(DAGS, elsewhere) == {"dags": {"mountPath": "/dags"}}


BUNDLES = DagBundles(
    GitBundle(
        name="data-team",
        repo="https://git.lab/data.git",
        ref="main",
        sub_path="dags",
        interval="90s",
        credentials=SecretKey("git-data", "connection"),
    ),
    GitBundle(name="public", repo="https://git.lab/a%20b.git", ref="v1"),
)
GIT = "airflow.providers.git.bundles.git.GitDagBundle"
LISTED = [
    {
        "name": "data-team",
        "classpath": GIT,
        "kwargs": {"tracking_ref": "main", "subdir": "dags", "git_conn_id": "git_data_team", "refresh_interval": 90},
    },
    {
        "name": "public",
        "classpath": GIT,
        "kwargs": {"tracking_ref": "v1", "repo_url": "https://git.lab/a%%20b.git", "refresh_interval": 300},
    },
]


@pytest.mark.parametrize("pair", sorted(WITH_AIRFLOW_3), ids=called)
def test_bundles_are_a_list_or_its_json_and_log_in_by_a_connection(pair: Pair) -> None:
    values = values_of(DAGS, release(pair, dags=BUNDLES))
    assert values.pop("secret") == [
        {"envName": "AIRFLOW_CONN_GIT_DATA_TEAM", "secretName": "git-data", "secretKey": "connection"}
    ]
    if pair[0] == "1.18.0":
        assert json.loads(values["config"]["dag_processor"].pop("dag_bundle_config_list")) == LISTED
        assert values == {"config": {"dag_processor": {}}}
    else:
        assert values == {"dagProcessor": {"dagBundleConfigList": LISTED}}
    assert list(dag_rules(release(pair, dags=BUNDLES))) == []


def test_only_bundles_with_credentials_need_a_secret_and_it_is_no_other_contracts() -> None:
    settings = release(("1.22.0", "3.2.2"), dags=BUNDLES)
    (need,) = dag_needs(settings)
    assert (need.name, list(need.keys), need.awaited) == ("git-data", ["connection"], True)
    shared = DagBundles(GitBundle(name="a", repo="https://h/a.git", ref="m", credentials=SecretKey("metadata", "c")))
    (finding,) = shared_secret_rules(release(("1.22.0", "3.2.2"), dags=shared))
    assert (finding.rule, finding.at) == ("secrets/shared", "dags (a)")


def test_no_dag_source_leaves_nothing() -> None:
    assert values_of(DAGS, release(NEWEST)) == {}
    assert list(dag_needs(release(NEWEST))) == []
