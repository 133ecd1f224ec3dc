"""doctor reports each fault of a running platform after it was caused, and nothing before."""

from __future__ import annotations

from pathlib import Path

from cdk8s import App, Chart

from cdk8s_airflow import BasicAuthSecret, CnpgCluster, Namespace, Volume
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.doctor import Diagnosis, LiveCluster, examine, requirements_of
from cdk8s_airflow.plan.manifest import read_folder
from tests.cluster.kit import Platform, PlatformRunner


def build() -> App:
    """A database, with a name that no other test uses."""
    app = App()
    chart = Chart(app, "data")
    CnpgCluster(
        chart,
        "db",
        name="doctor-pg",
        namespace=Namespace(chart, "doctor-data"),
        credentials=BasicAuthSecret("doctor-pg-credentials"),
        storage=Volume("1Gi"),
    )
    return app


def diagnoses(platform: Platform) -> list[Diagnosis]:
    app = build()
    settings = platform.kubectl.settings
    kubectl = ("kubectl", "--kubeconfig", str(settings.kubeconfig), "--context", settings.context)
    return examine(requirements_of(registry_of(app), read_folder(platform.folder)), LiveCluster(kubectl))


def test_doctor_finds_what_was_broken(runner: PlatformRunner, tmp_path: Path) -> None:
    with runner.platform(build(), tmp_path) as platform:
        platform.apply()
        platform.wait_for_databases()
        assert diagnoses(platform) == []
        (namespace,) = platform.own_namespaces
        kubectl = platform.kubectl

        def found() -> set[str]:
            return {each.rule for each in diagnoses(platform)}

        secret = platform.needs[0]
        kubectl.run("-n", secret.namespace, "delete", "secret", secret.name)
        assert found() == {"doctor/secret-missing"}
        kubectl.run("-n", secret.namespace, "create", "secret", "generic", secret.name, "--from-literal=other=x")
        assert found() == {"doctor/secret-keys", "doctor/secret-type"}
        kubectl.run("-n", secret.namespace, "delete", "secret", secret.name)
        kubectl.shell(secret.command)
        assert found() == set()

        label = "pod-security.kubernetes.io/enforce"
        kubectl.run("label", "namespace", namespace, f"{label}=privileged", "--overwrite")
        assert found() == {"doctor/pod-security"}
        kubectl.run("label", "namespace", namespace, f"{label}=restricted", "--overwrite")

        kubectl.run("-n", namespace, "create", "quota", "full", "--hard=pods=1")
        kubectl.run("-n", namespace, "wait", "--for=jsonpath={.status.used.pods}=1", "quota/full", "--timeout=60s")
        assert found() == {"doctor/quota"}
        kubectl.run("-n", namespace, "delete", "quota", "full")

        # Two deployments: an image that does not exist, and a pod that the level "restricted" refuses.
        kubectl.run("-n", namespace, "create", "deployment", "refused", "--image=example.invalid/none:1")
        kubectl.run(
            "-n", namespace, "wait", "--for=condition=ReplicaFailure", "deployment/refused", "--timeout=60s", timeout=90
        )
        assert found() == {"doctor/pod-refused"}
        kubectl.run("-n", namespace, "delete", "deployment", "refused")
        assert found() == set()
