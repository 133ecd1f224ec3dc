"""The summary at the end of ``make synth``, and its details."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cdk8s import App

import main
from cdk8s_airflow import (
    AdminAccount,
    AirflowKeys,
    BasicAuthSecret,
    DsnSecret,
    ExternalDatabase,
    GitSshSecret,
    GitTokenSecret,
    Ingress,
    IngressTls,
    LoadBalancer,
    Logs,
    Namespace,
    NodePort,
    RegistryMirror,
    S3Credentials,
    SimpleAuth,
    Volume,
    not_secret,
)
from cdk8s_airflow.__main__ import main as command_line
from cdk8s_airflow.app import files
from cdk8s_airflow.app.registry import Registry, registry_of
from cdk8s_airflow.kube import output
from cdk8s_airflow.kube.emit import emit
from cdk8s_airflow.report.details import details_text
from cdk8s_airflow.report.lines import WIDTH
from cdk8s_airflow.report.summary import summary
from cdk8s_airflow.storage import MinioLegacy, StoreUser
from tests.making import make_airflow, make_cluster, make_dags, new_chart
from tests.truth.goldens import check_golden

ROOT = Path(main.__file__).parent
GOLDENS = Path(__file__).parent / "goldens"
TITLES = [
    "Check the prerequisites",
    "Create the namespaces",
    "Create the Secrets, in this order (bash)",
    "Apply the manifests",
    "Watch the rollout",
    "Create the first user",
    "Open the UI",
]
PLATFORMS: dict[str, Any] = {
    **{topology: (lambda topology=topology: main.build(topology), "main.py") for topology in main.REPLICAS},
    "data_lake": (lambda: importlib.import_module("examples.data_lake").build(), "examples/data_lake.py"),
    "lab_on_kind": (lambda: importlib.import_module("examples.lab_on_kind").build(), "examples/lab_on_kind.py"),
}


def written(app: App, folder: Path) -> Path:
    """Write the manifests and files of an app to a folder."""
    assert output.write(app, folder)[1] == ""
    files.write(registry_of(app).files, folder)
    return folder


@pytest.fixture(scope="module")
def homelab() -> str:
    return summary(registry_of(main.build()), ROOT / "dist").replace(f"{ROOT}/", "")


def steps(text: str) -> dict[str, str]:
    """Title of each numbered step -> its lines."""
    parts = re.split(r"^\d+\. (.*)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", PLATFORMS)
def test_summary_of_a_platform_is_its_golden(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build, program = PLATFORMS[name]
    app = build()
    (tmp_path / "dist").mkdir()
    written(app, tmp_path / "dist")
    monkeypatch.chdir(tmp_path)
    text = summary(registry_of(app), Path("dist"), program)
    check_golden(text, GOLDENS / f"{name}.txt")


@pytest.mark.parametrize("golden", sorted(GOLDENS.glob("*.txt")), ids=lambda path: path.stem)
def test_lines_are_at_most_100_columns_wide(golden: Path) -> None:
    lines = golden.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > WIDTH] == []


def test_steps_are_in_the_order_of_the_work(homelab: str) -> None:
    assert list(steps(homelab)) == TITLES


def test_prerequisites_have_a_check_command_each(homelab: str) -> None:
    assert steps(homelab)["Check the prerequisites"].rstrip().splitlines() == [
        "   - CloudNativePG",
        "     kubectl get crd clusters.postgresql.cnpg.io",
        "     kubectl get deployments --all-namespaces -l app.kubernetes.io/name=cloudnative-pg",
        "   - The Helm controller of k3s and RKE2",
        "     kubectl get crd helmcharts.helm.cattle.io",
        "   - Storage class longhorn",
        "     kubectl get storageclass longhorn",
        "   - Ingress class nginx",
        "     kubectl get ingressclass nginx",
        "   - Cert-manager cluster issuer homelab-ca",
        "     kubectl get clusterissuer homelab-ca",
    ]


def test_existing_namespaces_and_an_issuer_in_one_are_prerequisites(tmp_path: Path) -> None:
    chart = new_chart()
    ui = Ingress(host="a.lab", tls=IngressTls("cert", issuer="ca", issuer_kind="Issuer"))
    make_airflow(chart, namespace=Namespace.existing("data"), ui=ui)
    text = summary(registry_of(chart), written(App.of(chart), tmp_path))
    checks = steps(text)["Check the prerequisites"]
    assert "   - Namespace data\n     kubectl get namespace data\n" in checks
    assert "   - Cert-manager issuer ca in namespace data\n     kubectl -n data get issuer ca\n" in checks


@pytest.mark.parametrize(("storage_class", "needed"), [(None, True), ("", False)])
def test_claim_for_an_existing_volume_needs_no_default_storage_class(
    storage_class: str | None, needed: bool, tmp_path: Path
) -> None:
    chart = new_chart()
    make_airflow(chart, logs=Logs.existing_claim("airflow-logs"))
    spec = {"accessModes": ["ReadWriteMany"], "volumeName": "airflow-logs"}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "airflow-logs"}}
    emit(
        chart,
        {"logs": {**claim, "spec": spec if storage_class is None else {**spec, "storageClassName": storage_class}}},
    )
    text = summary(registry_of(chart), written(App.of(chart), tmp_path))
    assert ("A default storage class" in text) is needed


def test_images_for_a_mirror_are_a_prerequisite() -> None:
    chart = new_chart()
    make_airflow(chart, mirror=RegistryMirror("registry.lab/mirror"))
    checks = steps(summary(registry_of(chart), ROOT / "dist"))["Check the prerequisites"]
    assert "   - Copy the images of release airflow to the mirror:\n" in checks
    assert re.search(r"^ +docker.io/apache/airflow:\S+ -> registry.lab/mirror/\S*apache/airflow:", checks, re.MULTILINE)


def test_secrets_that_copy_from_another_secret_come_last(homelab: str) -> None:
    listed = steps(homelab)["Create the Secrets, in this order (bash)"]
    assert re.findall(r"^   - ([a-z0-9/-]+):", listed, re.MULTILINE) == [
        "airflow/airflow-api-secret-key",
        "airflow/airflow-fernet-key",
        "airflow/airflow-git",
        "airflow/airflow-jwt-secret",
        "airflow-data/airflow-pg-credentials",
        "airflow/airflow-metadata",
    ]
    assert listed.count("create secret generic") == 6 + listed.count(" OLD_NAME ")


def test_keys_are_listed_where_the_user_provides_the_content(homelab: str) -> None:
    listed = steps(homelab)["Create the Secrets, in this order (bash)"]
    assert re.findall(r"^     (\w+): the git", listed, re.MULTILINE) == [
        "GITSYNC_USERNAME",
        "GITSYNC_PASSWORD",
        "GIT_SYNC_USERNAME",
        "GIT_SYNC_PASSWORD",
    ]
    assert "\n     fernet-key: " not in listed


def test_printed_commands_are_the_commands_of_the_secrets_in_several_lines(homelab: str) -> None:
    needs = registry_of(main.build()).missing
    one_line = re.sub(r" \\\n *|\n *", " ", homelab)
    assert [need.name for need in needs if need.command not in one_line] == []


def test_first_user_is_the_admin_account_of_the_program() -> None:
    chart = new_chart()
    admin = AdminAccount(credentials=BasicAuthSecret("boss"), email="a@example.com")
    make_airflow(chart, admin=admin)
    found = steps(summary(registry_of(chart), ROOT / "dist"))
    assert "Create the first user" not in found
    assert "kubectl -n airflow get secret boss -o jsonpath='{.data.password}' | base64 -d\n" in found["Log in"]


def test_passwords_of_simple_auth_are_read_from_the_log() -> None:
    chart = new_chart()
    make_airflow(chart, auth=SimpleAuth(users={"ann": "admin"}))
    found = steps(summary(registry_of(chart), ROOT / "dist"))
    assert "kubectl -n airflow logs deployment/airflow-api-server -c api-server" in found["Log in"]


def test_first_user_of_airflow_2_is_created_in_the_webserver() -> None:
    chart = new_chart()
    make_airflow(chart, airflow_version="2.11.0", dag_processor=None)
    text = summary(registry_of(chart), ROOT / "dist")
    assert "exec -it deploy/airflow-webserver -c webserver -- airflow users create" in text


@pytest.mark.parametrize(
    ("ui", "shown"),
    [
        pytest.param(None, "kubectl -n airflow port-forward service/airflow-api-server 8080", id="cluster ip"),
        pytest.param(NodePort(port=30080), "http://ADDRESS:30080", id="node port"),
        pytest.param(NodePort(), "-o jsonpath='{.spec.ports[0].nodePort}'", id="any node port"),
        pytest.param(LoadBalancer(), "kubectl -n airflow get service airflow-api-server", id="load balancer"),
        pytest.param(LoadBalancer(base_url="https://a.lab"), "https://a.lab", id="base url"),
        pytest.param(Ingress(host="a.lab"), "http://a.lab", id="ingress"),
    ],
)
def test_url_follows_from_the_exposure(ui: Any, shown: str) -> None:
    chart = new_chart()
    make_airflow(chart, **({} if ui is None else {"ui": ui}))
    assert shown in steps(summary(registry_of(chart), ROOT / "dist"))["Open the UI"]


def test_two_releases_are_named_in_the_last_steps() -> None:
    chart = new_chart()
    token = GitTokenSecret("git")
    for name in ("one", "two"):
        database = ExternalDatabase(url=DsnSecret(f"{name}-metadata")).connection()
        make_airflow(
            chart, name, release=name, database=database, dags=make_dags(chart, f"dags-{name}", credentials=token)
        )
    text = summary(registry_of(chart), ROOT / "dist")
    assert text.count("airflow/git: ") == 1
    assert "   Release one: Forward a port" in text
    assert "   Release two: Forward a port" in text


def test_app_without_objects_has_no_steps(tmp_path: Path) -> None:
    text = summary(Registry(), tmp_path)
    assert text.startswith("Wrote no files to ")
    assert text.endswith("There is nothing to apply.\n")
    assert list(steps(text)) == []


def test_secrets_of_other_choices_are_listed() -> None:
    chart = new_chart()
    key = "h ssh-ed25519 AAAA"
    dags = make_dags(chart, repo="git@h:x.git", credentials=GitSshSecret("ssh"), known_hosts=key)
    make_airflow(chart, dags=dags, ui=Ingress(host="a.lab", tls=IngressTls("cert")))
    keys = {name: list(need.keys) for (_, name), need in registry_of(chart).secrets.items()}
    assert keys["ssh"] == ["gitSshKey"]
    assert keys["cert"] == ["tls.crt", "tls.key"]
    assert keys["airflow-metadata"] == ["connection"]


def test_secret_that_copies_from_one_of_the_platform_is_created_after_apply(homelab: str) -> None:
    chart = new_chart()
    cluster = make_cluster(chart, "db", name="pg", namespace=Namespace.existing("data"))
    make_airflow(chart, database=cluster.connection(bridge=DsnSecret("airflow-metadata")))
    text = " ".join(summary(registry_of(chart), ROOT / "dist").split())
    late = "Run this after step Apply, when Secret data/pg-app exists (created by CloudNativePG, for Cluster data/pg):"
    assert text.count(late) == 1
    assert "after step Apply" not in homelab


def test_manifests_are_not_the_place_of_namespaces_that_they_do_not_have(tmp_path: Path) -> None:
    chart = new_chart()
    make_airflow(chart)
    (tmp_path / "x.k8s.yaml").write_text("kind: HelmChart\n", encoding="utf-8")
    assert "Create the namespaces" not in steps(summary(registry_of(chart), tmp_path))


def test_details_list_state_deletion_recovery_permissions_and_sessions() -> None:
    text = details_text(registry_of(main.build()), Path("dist"))
    headings = [block.splitlines()[0].partition(":")[0] for block in text.split("\n\n")]
    assert headings == [
        "These objects hold state. If you delete one, its data is lost",
        "To delete everything, including all data, run these commands in this order",
        "If release airflow has failed, fix the cause, then run",
        "Permissions of service accounts in the Kubernetes API",
        "Cluster airflow-data/airflow-pg",
        "Keys of the Secrets that you create",
    ]
    assert "  PersistentVolumeClaim airflow/airflow-logs\n" in text
    assert "kubectl -n airflow delete secret -l owner=helm,name=airflow,status=failed &&\n" in text


def test_values_that_are_not_validated_are_named() -> None:
    chart = new_chart()
    make_airflow(chart, unchecked_values={"zebra": 1, "ape": 2})
    checks = steps(summary(registry_of(chart), ROOT / "dist"))["Check the prerequisites"]
    assert "   - unchecked_values= of release airflow has keys that are not validated: ape, zebra\n" in checks
    plain = new_chart()
    make_airflow(plain, unchecked_values={})
    assert "not validated" not in summary(registry_of(plain), ROOT / "dist")


def test_details_count_strings_that_are_exempt_from_the_secret_scan() -> None:
    chart = new_chart()

    def text() -> str:
        return details_text(registry_of(chart), ROOT / "dist")

    assert "not_secret" not in text()
    not_secret("v1-linux", scope=chart)
    assert "1 string is exempt from the secret scan: not_secret()." in text()
    not_secret("v2-linux", scope=chart)
    assert "2 strings are exempt from the secret scan: not_secret()." in text()
    assert "linux" not in text()
    assert "not_secret" not in details_text(registry_of(new_chart()), ROOT / "dist")


def test_strings_of_the_library_are_not_counted_as_exempt() -> None:
    chart = new_chart()
    users = [StoreUser(credentials=S3Credentials("data-lake"), buckets=["data-raw"])]
    MinioLegacy(chart, "minio", namespace=Namespace.existing("storage"), storage=Volume("10Gi"), users=users)
    assert "not_secret" not in details_text(registry_of(chart), ROOT / "dist")


def test_command_prints_the_summary_of_a_program_and_its_details(capsys: pytest.CaptureFixture[str]) -> None:
    program, folder = str(ROOT / "main.py"), ROOT / "dist"
    assert command_line(["summary", program, str(folder)]) == 0
    assert capsys.readouterr().out == summary(registry_of(main.build()), folder, program)
    assert command_line(["summary", "--details", program, str(folder)]) == 0
    assert capsys.readouterr().out == details_text(registry_of(main.build()), folder)


def test_titles_are_bold_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["summary", str(ROOT / "main.py"), str(ROOT / "dist")]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert command_line(arguments) == 0
    assert "\x1b[1m1. Check the prerequisites\x1b[0m\n" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    assert command_line(arguments) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("none.py", None, "none.py does not exist."),
        ("folder.py", "", "folder.py is not a file."),
        ("program.txt", "build = 1\n", "program.txt is not a Python program: its name must end in .py."),
        ("empty.py", "x = 1\n", "Add a function that returns the App: def build() -> App: ..."),
        ("constant.py", "build = 1\n", "Add a function that returns the App: def build() -> App: ..."),
    ],
)
def test_file_that_is_no_program_is_one_line(
    name: str, text: str | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    if text == "":
        path.mkdir()
    elif text is not None:
        path.write_text(text, encoding="utf-8")
    assert command_line(["summary", str(path), "dist"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert captured.err.endswith(f"{message}\n")
    assert captured.err.count("\n") == 1


def test_command_reports_errors_of_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "broken.py"
    program.write_text(
        "from cdk8s import App, Chart\nfrom cdk8s_airflow import Namespace\n"
        "def build():\n    Namespace(Chart(App(), 'c'), 'Upper')\n",
        encoding="utf-8",
    )
    assert command_line(["summary", str(program), "dist"]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("c/Upper: name must be a DNS label")
    assert captured.out == ""


def test_no_banner_about_the_version_of_node_is_printed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py")], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout + done.stderr == ""


def test_new_fernet_key_is_suggested_for_a_new_database_only() -> None:
    chart = new_chart()
    make_airflow(chart, keys=AirflowKeys.existing(prefix="other"))
    text = " ".join(summary(registry_of(chart), ROOT / "dist").replace("\\\n", " ").split())
    copied = "kubectl -n airflow create secret generic other-fernet-key --from-file=fernet-key=/dev/stdin; unset ANSWER"
    before, _, after = text.partition(copied)
    assert "A database with connections or variables needs the key that encrypted them" in before
    assert "kubectl -n OLD_NAMESPACE get secret OLD_NAME -o jsonpath='{.data.fernet-key}' | base64 -d" in before
    assert after.startswith(" For a new database: openssl rand -base64 32 ")
