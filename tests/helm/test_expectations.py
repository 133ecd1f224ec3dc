"""Each assertion accepts the sample and refuses it once the one thing it guards is broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .expectations import (
    assert_database_from,
    assert_env_once,
    assert_git_sync,
    assert_ingress,
    assert_no_bundled,
    assert_requests_everywhere,
    assert_restricted,
    assert_same_bytes,
    assert_strict_kinds,
    git_sync_places,
)
from .rendering import Rendered
from .sample import REPO, sample

Objects = dict[str, Any]
Change = Callable[[Objects], object]


def _spec(objects: Objects, component: str) -> Any:
    if component == "worker":
        return objects["PodTemplate"]["spec"]
    return objects[f"Deployment/airflow-{component}"]["spec"]["template"]["spec"]


def _container(objects: Objects, component: str, name: str) -> Any:
    spec = _spec(objects, component)
    return next(c for c in spec["containers"] + spec["initContainers"] if c["name"] == name)


def _env(objects: Objects, component: str, container: str, name: str) -> Any:
    return next(e for e in _container(objects, component, container)["env"] if e["name"] == name)


def _set_env(component: str, container: str, name: str, value: str) -> Change:
    def change(objects: Objects) -> None:
        _env(objects, component, container, name)["value"] = value

    return change


def _refused(check: Callable[[Rendered], None], change: Change, message: str) -> None:
    check(sample())
    with pytest.raises(AssertionError, match=message):
        check(sample(change))


def _database(rendered: Rendered) -> None:
    assert_database_from(rendered, "db", "connection")


def _git(rendered: Rendered) -> None:
    assert_git_sync(rendered, repo=REPO, ref="main", sub_path="dags", credentials_secret="git")


def _ingress(rendered: Rendered) -> None:
    assert_ingress(
        rendered,
        host="airflow.example.org",
        tls_secret="tls",
        class_name="nginx",
        annotations={"issuer": "homelab"},
    )


@pytest.mark.parametrize("component", ["scheduler", "worker"])
def test_a_variable_set_twice_is_found(component: str) -> None:
    def twice(objects: Objects) -> None:
        env = _spec(objects, component)["containers"][0]["env"]
        env.append(dict(env[0]))

    _refused(assert_env_once, twice, "AIRFLOW_HOME is set 2 times")


def test_a_database_variable_from_another_secret_is_found() -> None:
    def other(objects: Objects) -> None:
        source = _env(objects, "worker", "base", "AIRFLOW_CONN_AIRFLOW_DB")["valueFrom"]["secretKeyRef"]
        source["name"] = "old-db"

    _refused(_database, other, "old-db")


def test_a_database_variable_from_another_key_is_found() -> None:
    def other(objects: Objects) -> None:
        source = _env(objects, "scheduler", "wait", "AIRFLOW_CONN_AIRFLOW_DB")["valueFrom"]["secretKeyRef"]
        source["key"] = "uri"

    _refused(_database, other, "uri")


def test_a_database_variable_as_plain_text_is_found() -> None:
    def plain(objects: Objects) -> None:
        entry = _env(objects, "scheduler", "scheduler", "AIRFLOW_CONN_AIRFLOW_DB")
        del entry["valueFrom"]
        entry["value"] = "postgresql://somewhere"

    _refused(_database, plain, "comes from None")


def test_a_missing_database_variable_is_found() -> None:
    def missing(objects: Objects) -> None:
        _container(objects, "api-server", "api-server")["env"].pop()

    _refused(_database, missing, "AIRFLOW_CONN_AIRFLOW_DB is set 0 times")


@pytest.mark.parametrize("container", ["git-sync", "dag-processor-log-groomer"])
def test_a_database_variable_where_none_belongs_is_found(container: str) -> None:
    def added(objects: Objects) -> None:
        entry = _env(objects, "dag-processor", "dag-processor", "AIRFLOW_CONN_AIRFLOW_DB")
        _container(objects, "dag-processor", container)["env"].append(entry)

    _refused(_database, added, "needs no database")


def test_a_command_that_would_win_over_the_database_is_found() -> None:
    def added(objects: Objects) -> None:
        entry = {"name": "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD", "value": "print-the-url"}
        _container(objects, "scheduler", "scheduler")["env"].append(entry)

    _refused(_database, added, "would win")


def test_a_rendering_without_airflow_has_no_database() -> None:
    with pytest.raises(AssertionError, match="no Airflow container"):
        _database(Rendered.parse(""))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("GIT_SYNC_BRANCH", "v2-2-stable", "ref is 'v2-2-stable'"),
        ("GIT_SYNC_REV", "0123abc", r"with v4\.4\.2: branch 'main' together with revision '0123abc'"),
        ("GIT_SYNC_REPO", "https://git.example.org/other.git", "repo is 'https://git.example.org/other.git'"),
        ("GITSYNC_PERIOD", "5s", "period_seconds is 5.0"),
        ("GIT_SYNC_DEPTH", "0", "depth is 0"),
        ("GIT_SYNC_MAX_SYNC_FAILURES", "3", "max_failures is 3"),
        ("GIT_SYNC_DEST", "elsewhere", "link is 'elsewhere'"),
    ],
)
@pytest.mark.parametrize(("component", "container"), [("dag-processor", "git-sync"), ("worker", "git-sync-init")])
def test_git_sync_that_fetches_something_else_is_found(
    name: str, value: str, message: str, component: str, container: str
) -> None:
    _refused(_git, _set_env(component, container, name, value), message)


def test_git_sync_missing_from_the_task_pod_is_found() -> None:
    _refused(_git, lambda o: _spec(o, "worker")["initContainers"].clear(), "PodTemplate.*is .False, False.")


def test_git_sync_in_the_scheduler_next_to_a_dag_processor_is_found() -> None:
    def added(objects: Objects) -> None:
        _spec(objects, "scheduler")["containers"].append(_container(objects, "dag-processor", "git-sync"))

    _refused(_git, added, "airflow-scheduler: git-sync")


def test_git_sync_belongs_to_the_scheduler_without_a_dag_processor() -> None:
    def without(objects: Objects) -> None:
        del objects["Deployment/airflow-dag-processor"]

    assert git_sync_places(sample(without)) == {"scheduler": (True, True)}
    _refused(_git, without, "airflow-scheduler: git-sync")


def test_git_sync_belongs_to_both_where_tasks_run_in_the_scheduler() -> None:
    def local(objects: Objects) -> None:
        data = objects["ConfigMap/airflow-config"]["data"]
        data["airflow.cfg"] = data["airflow.cfg"].replace("KubernetesExecutor", "LocalExecutor")

    assert set(git_sync_places(sample(local))) == {"scheduler", "dag-processor"}


def test_another_dags_folder_is_found() -> None:
    def other(objects: Objects) -> None:
        data = objects["ConfigMap/airflow-config"]["data"]
        data["airflow.cfg"] = data["airflow.cfg"].replace("repo/dags", "repo/tests/dags")

    _refused(_git, other, "tests/dags")


def test_a_dag_folder_that_nobody_reads_is_found() -> None:
    def unread(objects: Objects) -> None:
        for container in _spec(objects, "dag-processor")["containers"]:
            if container["name"] != "git-sync":
                container["volumeMounts"] = []

    _refused(_git, unread, "no container reads the DAGs")


def test_an_unknown_git_sync_image_is_found() -> None:
    def newer(objects: Objects) -> None:
        _container(objects, "dag-processor", "git-sync")["image"] = "registry.k8s.io/git-sync/git-sync:v5.0.0"

    _refused(_git, newer, "no model of git-sync image")


def test_a_login_from_another_secret_is_found() -> None:
    def other(objects: Objects) -> None:
        source = _env(objects, "worker", "git-sync-init", "GITSYNC_PASSWORD")["valueFrom"]["secretKeyRef"]
        source["name"] = "else"

    _refused(_git, other, "GITSYNC_PASSWORD comes from")


def test_a_login_that_was_not_asked_for_is_found() -> None:
    with pytest.raises(AssertionError, match="not None"):
        assert_git_sync(sample(), repo=REPO, ref="main", sub_path="dags")


def test_ssh_needs_key_and_known_hosts() -> None:
    with pytest.raises(AssertionError, match="gitSshKey") as caught:
        assert_git_sync(sample(), repo=REPO, ref="main", sub_path="dags", ssh_key_secret="git-ssh")
    assert "known_hosts is not mounted" in str(caught.value)


def test_ssh_with_key_and_known_hosts_is_accepted() -> None:
    repo = "ssh://git@git.example.org/dags.git"

    def ssh(objects: Objects) -> None:
        for component in ("dag-processor", "worker"):
            spec = _spec(objects, component)
            spec["volumes"] += [
                {"name": "key", "secret": {"secretName": "git-ssh"}},
                {"name": "config", "configMap": {"name": "airflow-config"}},
            ]
            for container in spec["containers"] + spec["initContainers"]:
                if not container["name"].startswith("git-sync"):
                    continue
                container["env"] = [e for e in container["env"] if "valueFrom" not in e]
                for entry in container["env"]:
                    if entry["name"].endswith("_REPO"):
                        entry["value"] = repo
                container["volumeMounts"] += [
                    {"name": "key", "mountPath": "/etc/git-secret/ssh", "subPath": "gitSshKey"},
                    {"name": "config", "mountPath": "/etc/git-secret/known_hosts", "subPath": "known_hosts"},
                ]

    def check(rendered: Rendered) -> None:
        assert_git_sync(rendered, repo=repo, ref="main", sub_path="dags", ssh_key_secret="git-ssh")

    check(sample(ssh))

    def unverified(objects: Objects) -> None:
        ssh(objects)
        env = _container(objects, "worker", "git-sync-init")["env"]
        env.append({"name": "GITSYNC_SSH_KNOWN_HOSTS", "value": "false"})

    with pytest.raises(AssertionError, match="host keys are not verified"):
        check(sample(unverified))


def _ingress_spec(objects: Objects) -> Any:
    return objects["Ingress/airflow-ingress"]["spec"]


def _backend(objects: Objects) -> Any:
    return _ingress_spec(objects)["rules"][0]["http"]["paths"][0]["backend"]["service"]


def _port_with_target(objects: Objects, target: str) -> None:
    objects["Service/airflow-api-server"]["spec"]["ports"][0]["targetPort"] = target


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda o: o.pop("Ingress/airflow-ingress"), "0 Ingress objects"),
        (lambda o: _ingress_spec(o)["rules"][0].pop("host"), "rules are for"),
        (lambda o: _ingress_spec(o).pop("tls"), "tls is"),
        (lambda o: _ingress_spec(o)["tls"][0].update(hosts=["other.example.org"]), "tls is"),
        (lambda o: _ingress_spec(o).update(ingressClassName="traefik"), "ingressClassName is 'traefik'"),
        (lambda o: o["Ingress/airflow-ingress"]["metadata"].pop("annotations"), "annotation issuer"),
        (lambda o: _ingress_spec(o)["rules"][0]["http"]["paths"][0].update(path="/x"), "paths are"),
        (lambda o: _backend(o).update(name="airflow-webserver"), "'airflow-webserver' is not rendered"),
        (lambda o: _backend(o).update(port={"name": "airflow-ui"}), "has no port"),
        (lambda o: o.pop("Deployment/airflow-api-server"), "selects no rendered pod"),
        (lambda o: _port_with_target(o, "http"), "no container opens port 'http'"),
    ],
)
def test_an_ingress_that_leads_elsewhere_is_found(change: Change, message: str) -> None:
    _refused(_ingress, change, message)


def _add(kind: str, name: str, **more: Any) -> Change:
    def change(objects: Objects) -> None:
        objects["new"] = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "labels": {}}, **more}

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_add("Secret", "airflow-broker-url"), "Secret/airflow-broker-url: made by the chart"),
        (_add("Secret", "airflow-fernet-key"), "Secret/airflow-fernet-key: made by the chart"),
        (_add("Service", "airflow-postgresql-hl"), "bundled"),
        (_add("Service", "airflow-redis"), "bundled"),
        (_add("PersistentVolumeClaim", "airflow-logs"), "PersistentVolumeClaim/airflow-logs"),
        (_add("StatefulSet", "airflow-triggerer", spec={"volumeClaimTemplates": [{}]}), "volumeClaimTemplates"),
    ],
)
def test_what_the_chart_makes_itself_is_found(change: Change, message: str) -> None:
    _refused(assert_no_bundled, change, message)


def test_the_job_for_a_default_user_is_found() -> None:
    def job(objects: Objects) -> None:
        metadata = {"name": "airflow-create-user", "labels": {"component": "create-user-job"}}
        objects["job"] = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata}

    _refused(assert_no_bundled, job, "create-user: bundled")


def test_named_secrets_and_claims_are_accepted() -> None:
    assert_no_bundled(sample(_add("Secret", "own")), secrets=["own"])
    assert_no_bundled(sample(_add("PersistentVolumeClaim", "own")), claims=["own"])


@pytest.mark.parametrize(
    ("component", "container", "block", "name"),
    [
        ("scheduler", "wait", "requests", "cpu"),
        ("dag-processor", "git-sync", "requests", "memory"),
        ("dag-processor", "dag-processor-log-groomer", "limits", "memory"),
        ("worker", "git-sync-init", "requests", "cpu"),
        ("worker", "base", "limits", "memory"),
    ],
)
def test_a_container_without_resources_is_found(component: str, container: str, block: str, name: str) -> None:
    def change(objects: Objects) -> None:
        del _container(objects, component, container)["resources"][block][name]

    _refused(assert_requests_everywhere, change, f"{container}: no {name} in {block}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"allowPrivilegeEscalation": True}, "allowPrivilegeEscalation"),
        ({"privileged": True}, "privileged"),
        ({"runAsUser": 0}, "runAsUser 0"),
        ({"runAsNonRoot": False}, "runAsNonRoot is not true"),
        ({"capabilities": {"drop": ["NET_RAW"]}}, "not dropped"),
        ({"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}, "SYS_ADMIN"),
        ({"seccompProfile": {"type": "Unconfined"}}, "Unconfined"),
        ({"seccompProfile": None}, "seccompProfile is None"),
        ({"procMount": "Unmasked"}, "procMount"),
        ({"seLinuxOptions": {"user": "x"}}, "SELinux"),
        ({"appArmorProfile": {"type": "Unconfined"}}, "AppArmor"),
    ],
)
@pytest.mark.parametrize(("component", "container"), [("worker", "git-sync-init"), ("scheduler", "wait")])
def test_a_container_that_is_not_restricted_is_found(
    change: dict[str, Any], message: str, component: str, container: str
) -> None:
    def apply(objects: Objects) -> None:
        _container(objects, component, container)["securityContext"].update(change)

    _refused(assert_restricted, apply, f"{container}: .*{message}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hostNetwork": True}, "hostNetwork"),
        ({"volumes": [{"name": "dags", "hostPath": {"path": "/"}}]}, "of type hostPath"),
        ({"securityContext": {"runAsUser": 0}}, "runAsUser 0"),
        ({"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}, "sysctl kernel.msgmax"),
    ],
)
def test_a_pod_that_is_not_restricted_is_found(change: dict[str, Any], message: str) -> None:
    _refused(assert_restricted, lambda o: _spec(o, "scheduler").update(change), message)


def test_a_host_port_and_a_probe_with_a_host_are_found() -> None:
    def port(objects: Objects) -> None:
        _container(objects, "api-server", "api-server")["ports"][0]["hostPort"] = 8080

    def probe(objects: Objects) -> None:
        check = {"httpGet": {"host": "10.0.0.1", "port": 8080}}
        _container(objects, "api-server", "api-server")["livenessProbe"] = check

    _refused(assert_restricted, port, "hostPort 8080")
    _refused(assert_restricted, probe, "names a host")


def test_a_rendering_without_pods_is_not_called_restricted() -> None:
    with pytest.raises(AssertionError, match="no pod"):
        assert_restricted(Rendered.parse(""))


def test_texts_that_differ_are_found() -> None:
    assert_same_bytes(Rendered.parse("kind: A\nb: 1\n"), Rendered.parse("kind: A\nb: 1\n"))
    with pytest.raises(AssertionError, match="line 2 differs"):
        assert_same_bytes(Rendered.parse("kind: A\nb: 1\n"), Rendered.parse("kind: A\nb: 2\n"))
    with pytest.raises(AssertionError, match="1 and 2 lines"):
        assert_same_bytes(Rendered.parse("kind: A\n"), Rendered.parse("kind: A\nb: 2\n"))


@pytest.mark.parametrize("component", ["scheduler", "worker"])
def test_an_unknown_field_is_found(component: str) -> None:
    _refused(assert_strict_kinds, lambda o: _spec(o, component).update(dnsPolcy="None"), "dnsPolcy")


def test_a_kind_that_kubernetes_does_not_have_is_found() -> None:
    def removed(objects: Objects) -> None:
        objects["x"] = {"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "x"}}

    _refused(assert_strict_kinds, removed, "has no batch/v1beta1 CronJob")


def test_a_named_custom_kind_is_accepted() -> None:
    def scaled(objects: Objects) -> None:
        objects["x"] = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "x"}}

    assert_strict_kinds(sample(scaled), custom=["ScaledObject"])
    _refused(assert_strict_kinds, scaled, "has no keda.sh/v1alpha1 ScaledObject")
