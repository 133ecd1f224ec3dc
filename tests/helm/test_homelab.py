"""What real Helm makes of the HomeLab, with every pair of chart and Airflow."""

from __future__ import annotations

import pytest

from tests.helm.expectations import (
    assert_database_from,
    assert_env_once,
    assert_git_sync,
    assert_ingress,
    assert_no_bundled,
    assert_requests_everywhere,
    assert_restricted,
    assert_same_bytes,
    assert_strict_kinds,
)
from tests.helm.rendering import Rendered, render_release
from tests.platforms import PAIRS, helm_chart, homelab

pytestmark = pytest.mark.usefixtures("charts")

TOPOLOGIES = ("k8s-single", "k8s-ha")


@pytest.fixture(params=[(*pair, topology) for pair in PAIRS for topology in TOPOLOGIES], ids="-".join)
def lab(request: pytest.FixtureRequest) -> tuple[Rendered, str, str]:
    """The rendered release, its version of Airflow, its topology."""
    chart, airflow, topology = request.param
    return render_release(helm_chart(homelab(chart, airflow, topology))), airflow, topology


def test_no_container_has_a_variable_twice(lab: tuple[Rendered, str, str]) -> None:
    assert_env_once(lab[0])


def test_every_database_variable_comes_from_the_bridge(lab: tuple[Rendered, str, str]) -> None:
    assert_database_from(lab[0], "airflow-metadata", "connection")


def test_tls_mode_reaches_every_airflow_container(lab: tuple[Rendered, str, str]) -> None:
    with_database = [c for c in lab[0].containers() if "AIRFLOW_CONN_AIRFLOW_DB" in c.env]
    assert with_database
    assert {c.text_env("PGSSLMODE") for c in with_database} == {"require"}


def test_git_sync_fetches_the_configured_ref_and_folder(lab: tuple[Rendered, str, str]) -> None:
    assert_git_sync(
        lab[0],
        repo="https://gitlab.acme.lab/data/airflow-dags.git",
        ref="main",
        sub_path="dags",
        interval="60s",
        max_failures=2,
        credentials_secret="airflow-git",
    )


def test_the_ingress_leads_to_the_server(lab: tuple[Rendered, str, str]) -> None:
    assert_ingress(
        lab[0],
        host="airflow.acme.lab",
        tls_secret="airflow-tls",
        class_name="nginx",
        annotations={"cert-manager.io/cluster-issuer": "homelab-ca"},
    )
    section = "webserver" if lab[1] < "3" else "api"
    assert lab[0].airflow_cfg.get(section, "base_url") == "https://airflow.acme.lab"


def test_the_server_is_the_one_of_this_airflow(lab: tuple[Rendered, str, str]) -> None:
    servers = {name for _, name in lab[0].names} & {"airflow-webserver", "airflow-api-server"}
    assert servers == {"airflow-webserver" if lab[1] < "3" else "airflow-api-server"}


def test_every_image_of_airflow_has_the_version(lab: tuple[Rendered, str, str]) -> None:
    images = {c.image for c in lab[0].containers() if "airflow:" in c.image}
    assert images == {f"apache/airflow:{lab[1]}"}
    assert lab[0].airflow_cfg.get("kubernetes_executor", "worker_container_tag") == lab[1]


def test_nothing_is_bundled_and_no_key_is_generated(lab: tuple[Rendered, str, str]) -> None:
    assert_no_bundled(lab[0])


def test_every_container_asks_for_cpu_and_memory_and_has_a_memory_limit(lab: tuple[Rendered, str, str]) -> None:
    assert_requests_everywhere(lab[0])


def test_no_scheduler_or_triggerer_has_a_cpu_limit(lab: tuple[Rendered, str, str]) -> None:
    for component in ("scheduler", "triggerer"):
        limits = lab[0].pod(component).container(component).spec["resources"]["limits"]
        assert set(limits) == {"memory"}


def test_every_pod_passes_the_restricted_standard(lab: tuple[Rendered, str, str]) -> None:
    assert_restricted(lab[0])


def test_every_object_is_accepted_by_the_oldest_and_newest_kubernetes(lab: tuple[Rendered, str, str]) -> None:
    assert_strict_kinds(lab[0])


def test_schedulers_and_servers_follow_the_topology(lab: tuple[Rendered, str, str]) -> None:
    rendered, airflow, topology = lab
    server = "webserver" if airflow.startswith("2") else "api-server"
    scheduler = rendered.get("Deployment", "airflow-scheduler")["spec"]
    assert rendered.get("Deployment", f"airflow-{server}")["spec"]["replicas"] == scheduler["replicas"]
    budgets = {name for kind, name in rendered.names if kind == "PodDisruptionBudget"}
    spread = scheduler["template"]["spec"].get("topologySpreadConstraints")
    if topology == "k8s-ha":
        assert scheduler["replicas"] == 2
        assert budgets == {"airflow-scheduler-pdb", f"airflow-{server}-pdb"}
        (constraint,) = spread
        labels = scheduler["template"]["metadata"]["labels"]
        assert constraint["labelSelector"]["matchLabels"].items() <= labels.items()
    else:
        assert scheduler["replicas"] == 1
        assert budgets == set()
        assert not spread


def test_every_pod_that_keeps_logs_mounts_the_claim_of_the_platform(lab: tuple[Rendered, str, str]) -> None:
    pods = [pod for pod in lab[0].pods if pod.component in ("scheduler", "triggerer", "dag-processor", "api-server")]
    template = lab[0].pod_template
    assert template is not None
    for spec in [*(pod.spec for pod in pods), template["spec"]]:
        claims = [v["persistentVolumeClaim"]["claimName"] for v in spec["volumes"] if "persistentVolumeClaim" in v]
        assert claims == ["airflow-logs"]


def test_the_migration_names_missing_secrets_then_waits_for_the_database(lab: tuple[Rendered, str, str]) -> None:
    rendered = lab[0]
    job = rendered.get("Job", "airflow-run-airflow-migrations")
    spec = job["spec"]["template"]["spec"]
    (waiter,) = spec["initContainers"]
    (migration,) = spec["containers"]
    optional = {v["secret"]["secretName"] for v in spec["volumes"] if v.get("secret", {}).get("optional")}
    read = {
        ref["name"]
        for c in rendered.containers()
        for entry in c.env_entries
        if (ref := entry.get("valueFrom", {}).get("secretKeyRef"))
    }
    assert read == optional
    assert {m["mountPath"].rpartition("/")[2] for m in waiter["volumeMounts"]} == optional
    assert waiter["image"] == migration["image"]
    assert migration["command"][:2] == ["bash", "-c"]
    assert "args" not in migration
    assert "airflow db check" in migration["command"][2]
    assert migration["command"][2].rstrip().endswith("exec airflow db migrate")


def test_pods_wait_for_the_migration_as_long_as_the_delivery_does(lab: tuple[Rendered, str, str]) -> None:
    waiters = [c for c in lab[0].containers() if c.name == "wait-for-airflow-migrations"]
    assert len(waiters) == (3 if lab[1] < "3" else 4)
    for waiter in waiters:
        assert "--migration-wait-timeout=1800" in waiter.spec["args"]
        assert waiter.text_env("CONNECTION_CHECK_MAX_COUNT") == "60"


def test_start_up_probes_give_slow_nodes_five_minutes(lab: tuple[Rendered, str, str]) -> None:
    server = "webserver" if lab[1] < "3" else "api-server"
    for component in ("scheduler", server):
        probe = lab[0].pod(component).container(component).spec["startupProbe"]
        assert probe["failureThreshold"] * probe["periodSeconds"] == 300


@pytest.mark.parametrize(("chart", "airflow"), PAIRS, ids="-".join)
def test_two_renderings_are_the_same_bytes(chart: str, airflow: str) -> None:
    manifest = helm_chart(homelab(chart, airflow))
    assert_same_bytes(render_release(manifest), render_release(manifest, fresh=True))
