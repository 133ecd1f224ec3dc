"""The program in the bootstrap job's pod, run against an API server that refuses what the emitted Roles do not allow."""

from __future__ import annotations

import ast
import base64
import functools
import json
import os
import random
import signal
import ssl
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cdk8s
import pytest
from asyncpg import connect_utils
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg2.extensions import parse_dsn

from cdk8s_airflow import (
    AdminAccount,
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    BrokerUrlSecret,
    CeleryExecutor,
    CnpgCluster,
    ExistingSecret,
    Flower,
    FlowerAuthSecret,
    Logs,
    Namespace,
    RedisBroker,
    RedisPasswordSecret,
    SecretBootstrap,
    Volume,
)
from cdk8s_airflow.jobs.programs import create_secrets as bootstrap_job
from cdk8s_airflow.jobs.programs.create_secrets import Answer, Cluster, Maker
from tests.jobs.programs.api_server import ApiServer, PeerEndpoint, Request, certificate, of_kind, serving, status
from tests.truth import assert_accepted
from tests.truth.manifests import load

LOGIN, URL = ("data", "login"), ("airflow", "metadata")
PASSWORD, BROKER = ("airflow", "redis"), ("airflow", "broker")
FERNET = ("airflow", "airflow-fernet-key")
NASTY = """p%41s+w&o=r d/@:?#[]!$'"\\`{}|<>~^,;* ä€\u2028%"""
EVERY = {
    LOGIN,
    URL,
    PASSWORD,
    BROKER,
    FERNET,
    ("airflow", "flower"),
    ("airflow", "admin"),
    ("airflow", "airflow-api-secret-key"),
    ("airflow", "airflow-jwt-secret"),
}


@functools.cache
def platform(operators: bool = False) -> list[dict[str, Any]]:
    """Everything that a platform emits if every Secret can be generated.

    Args:
        operators: whether the operator makes the database's login.
    """
    app = cdk8s.App()
    chart = cdk8s.Chart(app, "platform")
    login = None if operators else BasicAuthSecret("login")
    data, volume = Namespace(chart, "data"), Volume("1Gi")
    database = CnpgCluster(chart, "db", name="pg", namespace=data, storage=volume, credentials=login)
    broker = RedisBroker(url=BrokerUrlSecret("broker"), password=RedisPasswordSecret("redis"))
    airflow = AirflowChart(
        chart,
        "release",
        namespace=Namespace(chart, "airflow"),
        database=database.connection(bridge=ExistingSecret("metadata")),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=CeleryExecutor(broker=broker),
        logs=Logs.ephemeral(),
        flower=Flower(credentials=FlowerAuthSecret("flower")),
        admin=AdminAccount(credentials=BasicAuthSecret("admin"), email="ann@example.com"),
    )
    SecretBootstrap(chart, "bootstrap", namespace=Namespace(chart, "setup"), generate_for=[database, airflow])
    return load(app.synth_yaml())


def told(manifests: list[dict[str, Any]]) -> dict[str, str]:
    """The files that the pod gets."""
    (found,) = (m["data"] for m in manifests if m["kind"] == "ConfigMap" and "plan.json" in m["data"])
    return dict(found)


def command(manifests: list[dict[str, Any]]) -> list[str]:
    """The command of the Job's container."""
    (job,) = (m for m in manifests if m["kind"] == "Job" and "bootstrap_job.py" in str(m))
    return list(job["spec"]["template"]["spec"]["containers"][0]["command"])


class World:
    """A server, and the files of the pod."""

    def __init__(self, folder: Path, manifests: list[dict[str, Any]]) -> None:
        self.folder = folder
        self.manifests = manifests
        self.server = ApiServer(
            manifests=of_kind(manifests, "Role", "RoleBinding", "ServiceAccount"),
            namespaces={m["metadata"]["name"] for m in manifests if m["kind"] == "Namespace"},
        )
        files = told(manifests)
        *_, script, _ = command(manifests)
        self.script = folder / Path(script).name
        text = files["bootstrap_job.py"].replace(bootstrap_job.CREDENTIALS, str(folder))
        self.script.write_text(text, encoding="utf-8")
        self.plan = json.loads(files["plan.json"])
        self.hurry()

    def hurry(self, patience: float = 300, pause: float = 0.01) -> None:
        """Says how long the program waits."""
        self.plan |= {"patience": patience, "pause": pause}
        (self.folder / "plan.json").write_text(json.dumps(self.plan), encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        host, port = self.server.address
        return {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": str(port)}

    def run(self) -> int:
        """Runs the program here."""
        return bootstrap_job.main([str(self.folder / "plan.json")], self.environment, str(self.folder))

    def start(self) -> subprocess.Popen[str]:
        """Starts the program as the pod does, but for where its credentials are."""
        _, *flags, _, plan = command(self.manifests)
        return subprocess.Popen(
            [sys.executable, *flags, str(self.script), str(self.folder / Path(plan).name)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def content(self) -> dict[PeerEndpoint, Any]:
        return {place: secret["data"] for place, secret in self.server.secrets.items()}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, platform())
    with serving(made.server, tmp_path):
        yield made


@pytest.fixture
def with_an_operator(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, platform(operators=True))
    with serving(made.server, tmp_path):
        yield made


def assert_whole(server: ApiServer) -> None:
    """Every Secret is there, of its form, and those that belong together fit."""
    assert set(server.secrets) == EVERY
    assert_accepted(server.secrets.values())
    login = server.values(*LOGIN)
    assert login["username"] == "airflow"
    assert server.secrets[LOGIN]["type"] == "kubernetes.io/basic-auth"
    assert server.values(*URL) == {
        "connection": f"postgresql://airflow:{login['password']}@pg-rw.data.svc:5432/airflow"
    }
    redis = server.values(*PASSWORD)["password"]
    assert server.values(*BROKER) == {"connection": f"redis://:{redis}@airflow-redis:6379/0"}
    Fernet(server.values(*FERNET)["fernet-key"])
    flower = server.values("airflow", "flower")["basicAuth"]
    assert flower.startswith("admin:")
    admin = server.values("airflow", "admin")
    assert admin["username"] == "admin"
    passwords = [login["password"], redis, flower.removeprefix("admin:"), admin["password"]]
    for password in passwords:
        assert len(password) == 48
        assert password.isalnum()
    keys = [server.values("airflow", name)[key] for name, key in NAMES_OF_KEYS]
    for key in keys:
        assert len(base64.urlsafe_b64decode(key)) == 32
    assert len({*passwords, *keys}) == 7


NAMES_OF_KEYS = (
    ("airflow-fernet-key", "fernet-key"),
    ("airflow-api-secret-key", "api-secret-key"),
    ("airflow-jwt-secret", "jwt-secret"),
)


def test_it_makes_every_secret_that_is_missing(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    assert world.run() == 0
    assert_whole(world.server)
    said = capfd.readouterr().out.splitlines()
    assert sorted(said[:-1]) == sorted(f"{namespace}/{name} created" for namespace, name in EVERY)
    assert said[-1] == "every Secret exists"


def test_it_asks_for_nothing_that_its_roles_do_not_allow(world: World) -> None:
    assert world.run() == 0
    assert {request.verb for request in world.server.requests} == {"get", "create"}
    assert not [request for request in world.server.requests if request.status in (401, 403)]
    read = {(request.namespace, request.name) for request in world.server.requests if request.verb == "get"}
    assert read == EVERY


def test_what_it_makes_is_marked_so_that_nobody_prunes_it(world: World) -> None:
    assert world.run() == 0
    for secret in world.server.secrets.values():
        assert secret["metadata"]["labels"]["cdk8s-airflow/holds-state"] == "true"
        assert secret["metadata"]["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"
    assert world.server.secrets[LOGIN]["metadata"]["labels"]["cnpg.io/reload"] == "true"


def test_a_second_run_changes_nothing_and_makes_nothing(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    assert world.run() == 0
    first = dict(world.content)
    world.server.requests.clear()
    assert world.run() == 0
    assert world.content == first
    assert {request.verb for request in world.server.requests} == {"get"}
    assert capfd.readouterr().out.count("exists, not changed\n") == len(EVERY)


def without_each_permission() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The Roles, each time without one thing they allow."""
    names = [
        (index, rule, name)
        for index, role in enumerate(of_kind(platform(), "Role"))
        for rule, allowed in enumerate(role["rules"])
        for name in allowed.get("resourceNames", [""])
    ]
    for index, rule, name in names:
        roles = of_kind(platform(), "Role")
        where = roles[index]["metadata"]["namespace"]
        if name:
            roles[index]["rules"][rule]["resourceNames"].remove(name)
        else:
            del roles[index]["rules"][rule]
        yield f"{where} {name or 'create'}", roles


def test_every_permission_of_the_job_is_required(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    world.hurry(patience=0)
    every = list(without_each_permission())
    assert len(every) == len(EVERY) + 2
    for permission, roles in every:
        world.server.secrets.clear()
        world.server.manifests = [*of_kind(platform(), "RoleBinding", "ServiceAccount"), *roles]
        assert world.run() == 1, permission
        assert world.server.secrets.keys() < EVERY, permission
        assert f"in namespace {permission.split()[0]} yet (403 Forbidden)" in capfd.readouterr().out


def test_roles_and_namespaces_may_come_later_than_the_job(world: World) -> None:
    roles, world.server.manifests = world.server.manifests, of_kind(platform(), "ServiceAccount")
    world.server.namespaces.discard("data")

    def later(request: Request) -> None:
        if len(world.server.requests) == 20:
            world.server.manifests = roles
        if len(world.server.requests) == 60:
            world.server.namespaces.add("data")

    world.server.after = later
    assert world.run() == 0
    assert_whole(world.server)
    assert {request.status for request in world.server.requests} == {200, 201, 403, 404}


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_run_is_completed_by_the_next_run(when: str, tmp_path: Path) -> None:
    step, survived = 0, False
    while not survived:
        step += 1
        folder = tmp_path / f"{when}-{step}"
        folder.mkdir()
        world = World(folder, platform())
        with serving(world.server, folder):
            running: list[subprocess.Popen[str]] = []

            def kill(request: Request, at: int = step, world: World = world, running: Any = running) -> None:
                if len(world.server.requests) == at:
                    os.kill(running[0].pid, signal.SIGKILL)

            setattr(world.server, when, kill)
            with world.server.lock:
                running.append(world.start())
            output, _ = running[0].communicate(timeout=600)
            survived = running[0].returncode == 0
            assert survived or running[0].returncode == -signal.SIGKILL, output
            kept = dict(world.content)
            setattr(world.server, when, lambda request: None)
            assert world.run() == 0
            assert_whole(world.server)
            assert {place: world.content[place] for place in kept} == kept
            assert sorted(world.server.made) == sorted(set(world.server.made))
    # One look and one step of making for each Secret, and a look at what two of them are made from.
    assert step == 2 * len(EVERY) + 2 + 1


def test_concurrent_runs_create_the_same_secrets(world: World) -> None:
    for _ in range(3):
        world.server.secrets.clear()
        world.server.requests.clear()
        with world.server.lock:
            running = [world.start() for _ in range(4)]
        for each in running:
            output, _ = each.communicate(timeout=600)
            assert each.returncode == 0, output
        assert_whole(world.server)
        assert sorted(world.server.made) == sorted(EVERY)


def test_who_loses_the_race_for_a_secret_takes_what_is_in_the_others(world: World) -> None:
    """The login appears between the look that misses it and the attempt to make it."""

    def faster(request: Request) -> None:
        if request.verb == "create" and (request.namespace, request.body["metadata"]["name"]) == LOGIN:
            world.server.put(*LOGIN, "kubernetes.io/basic-auth", username="airflow", password="0th3r")

    world.server.before = faster  # type: ignore[assignment]
    assert world.run() == 0
    assert ":0th3r@" in world.server.values(*URL)["connection"]


def test_what_is_there_stays_and_what_is_missing_is_made_to_fit_it(world: World) -> None:
    world.server.put(*LOGIN, "kubernetes.io/basic-auth", username="airflow", password=NASTY)
    world.server.put(*PASSWORD, password=NASTY)
    world.server.put(*FERNET, fernet_key="not even a key")
    before = dict(world.content)
    assert world.run() == 0
    assert {place: world.content[place] for place in before} == before
    assert (
        world.server.values(*URL)["connection"]
        == f"postgresql://airflow:{quote(NASTY, safe='')}@pg-rw.data.svc:5432/airflow"
    )
    assert world.server.values(*BROKER)["connection"] == f"redis://:{quote(NASTY, safe='')}@airflow-redis:6379/0"


def test_it_waits_for_the_secret_that_an_operator_makes(with_an_operator: World) -> None:
    world = with_an_operator

    def operator(request: Request) -> None:
        if len(world.server.requests) == 40:
            world.server.put("data", "pg-app", "kubernetes.io/basic-auth", username="airflow")
        if len(world.server.requests) == 60:
            world.server.put("data", "pg-app", "kubernetes.io/basic-auth", username="airflow", password=NASTY)

    world.server.after = operator
    assert world.run() == 0
    assert quote(NASTY, safe="") in world.server.values(*URL)["connection"]
    assert not [request for request in world.server.requests if (request.verb, request.namespace) == ("create", "data")]
    (role,) = (m for m in of_kind(world.manifests, "Role") if m["metadata"]["namespace"] == "data")
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["pg-app"], "verbs": ["get"]}
    ]


def test_it_says_what_it_waited_for_and_fails_when_that_never_comes(
    with_an_operator: World, capfd: pytest.CaptureFixture[str]
) -> None:
    with_an_operator.hurry(patience=0.2)
    assert with_an_operator.run() == 1
    out = capfd.readouterr().out
    assert out.endswith("timed out: airflow/metadata waits: Secret data/pg-app does not exist yet\n")
    assert f"\n{out}".count("\nairflow/metadata waits:") == 1
    assert set(with_an_operator.server.secrets) == EVERY - {LOGIN, URL}


@pytest.mark.parametrize(
    ("secret", "type_", "problem"),
    [
        ({"username": "airflow"}, "kubernetes.io/basic-auth", "lacks password"),
        ({"username": "airflow", "password": ""}, "kubernetes.io/basic-auth", "lacks password"),
        ({"username": "airflow", "password": "s3cret"}, "Opaque", "is not of type kubernetes.io/basic-auth"),
    ],
)
def test_a_secret_that_its_reader_cannot_use_is_left_and_named_and_the_rest_is_made(
    secret: dict[str, str], type_: str, problem: str, world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world.server.put(*LOGIN, type_, **secret)
    before = world.content[LOGIN]
    world.hurry(patience=0.2)
    assert world.run() == 1
    assert world.content[LOGIN] == before
    assert set(world.server.secrets) >= EVERY - {URL}
    out = capfd.readouterr().out
    assert f"data/login CANNOT BE USED: it exists and was not changed, but {problem}" in out
    assert "s3cret" not in out


def test_a_url_that_does_not_fit_its_password_any_more_is_named_and_left(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    assert world.run() == 0
    del world.server.secrets[LOGIN]
    url = world.content[URL]
    capfd.readouterr()
    assert world.run() == 0
    assert world.content[URL] == url
    assert (
        "airflow/metadata exists, not changed, but its connection differs from data/login; "
        "delete it to have it created again\n"
    ) in capfd.readouterr().out


def test_a_url_by_another_way_with_the_same_password_is_no_reason_to_doubt(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world.server.put(*LOGIN, "kubernetes.io/basic-auth", username="airflow", password=NASTY)
    world.server.put(*URL, connection=f"postgresql://airflow:{quote(NASTY, safe='')}@pooler.data.svc:5432/airflow")
    assert world.run() == 0
    assert "airflow/metadata exists, not changed\n" in capfd.readouterr().out


@pytest.mark.parametrize(
    "reply", [status(500, "InternalError"), status(429, "TooManyRequests"), status(503, ""), (200, {})]
)
def test_it_tries_again_when_the_server_is_busy(reply: Any, world: World) -> None:
    luck = random.Random(1)
    world.server.before = lambda request: reply if luck.random() < 0.6 else None
    assert world.run() == 0
    assert_whole(world.server)


def test_it_tries_again_when_nobody_answers(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    world = World(tmp_path, platform())
    with serving(world.server, tmp_path):
        pass
    world.hurry(patience=0.2)
    assert world.run() == 1
    assert "waits: the API server did not answer (ConnectionRefusedError)" in capfd.readouterr().out


def test_it_waits_for_a_secret_that_is_going_away(world: World) -> None:
    world.server.put(*FERNET, fernet_key="old")
    world.server.secrets[FERNET]["metadata"]["deletionTimestamp"] = "2026-11-21T12:00:00Z"

    def gone(request: Request) -> None:
        if len(world.server.requests) == 40:
            world.server.secrets.pop(FERNET, None)

    world.server.after = gone
    assert world.run() == 0
    assert_whole(world.server)


def test_it_reads_its_token_anew_for_each_request(world: World) -> None:
    def renew(request: Request) -> None:
        if len(world.server.requests) == 5:
            (world.folder / "token").write_text("second\n", encoding="ascii")
            world.server.tokens = {"second"}

    world.server.after = renew
    assert world.run() == 0
    assert not [request for request in world.server.requests if request.status == 401]


def test_it_tells_its_token_to_no_server_that_the_cluster_did_not_certify(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path, platform())
    with serving(world.server, tmp_path, trusted="somebody else"):
        world.hurry(patience=0.2)
        assert world.run() == 1
    assert world.server.requests == []
    assert "(SSLCertVerificationError)" in capfd.readouterr().out


def test_a_certificate_may_lack_the_form_that_new_versions_of_python_ask_for(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(certificate("server")[0])
    trust = Cluster("127.0.0.1", 443, str(tmp_path))._trust
    assert not trust.verify_flags & ssl.VERIFY_X509_STRICT
    assert trust.verify_mode is ssl.CERT_REQUIRED
    assert trust.check_hostname


def test_a_proxy_in_the_environment_is_not_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert world.run() == 0


def test_output_contains_no_secret_and_no_message_of_the_server(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even where the server repeats what it was sent, as some webhooks do."""
    world.server.put(*LOGIN, "kubernetes.io/basic-auth", username="airflow", password="h4ndm4de%")
    sent: list[str] = []

    def repeat(request: Request) -> Any:
        if request.verb == "create" and len(world.server.requests) < 40:
            sent.extend(request.body["data"].values())
            return status(
                *((422, "Invalid") if "jwt" in str(request.body) else (403, "Forbidden")), str(request.body["data"])
            )
        return None

    world.server.before = repeat
    assert world.run() == 1
    every = [*sent, *(text for data in world.content.values() for text in data.values())]
    hidden = {text for text in every if base64.b64decode(text) not in (b"airflow", b"admin")}
    assert len(hidden) > 10
    captured = capfd.readouterr()
    said = captured.out + captured.err
    assert "airflow/airflow-jwt-secret CANNOT BE USED: the API server refused to create it (422 Invalid)" in said
    assert not [text for text in hidden if text in said or base64.b64decode(text).decode() in said]


def test_a_password_with_a_zero_byte_is_refused_because_no_url_can_carry_it(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world.server.put(*LOGIN, "kubernetes.io/basic-auth", username="airflow", password=b"a\0b")
    assert world.run() == 1
    assert (
        "airflow/metadata CANNOT BE USED: password of Secret data/login contains a zero byte" in capfd.readouterr().out
    )
    assert URL not in world.server.secrets


class Shelf(Cluster):
    """Secrets without a server."""

    def __init__(self, **logins: bytes) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        self.logins = logins

    def get(self, namespace: str, name: str) -> Answer:
        if name in self.logins:
            data = {"password": base64.b64encode(self.logins[name]).decode()}
            return Answer(200, {"kind": "Secret", "metadata": {}, "data": data})
        return Answer(404, {})

    def create(self, namespace: str, secret: Any) -> Answer:
        self.made[secret["metadata"]["name"]] = secret["data"]
        return Answer(201, secret)


def composed(password: bytes, before: str, after: str, form: str = "url") -> str:
    """What the program makes of a password."""
    parts = [
        {"text": before},
        {"namespace": "data", "secret": "login", "key": "password", "as": form},
        {"text": after},
    ]
    wanted = {"namespace": "airflow", "name": "url", "type": "Opaque", "labels": {}, "keys": {"connection": parts}}
    common: dict[str, Any] = {"labels": {}, "annotations": {}}
    shelf = Shelf(login=password)
    plan = {"patience": 0, "pause": 0, "metadata": common, "secrets": [wanted]}
    assert Maker(shelf, plan).run() == 0
    return base64.b64decode(shelf.made["url"]["connection"]).decode()


# A zero byte cannot be in a password of PostgreSQL, and half of a pair of surrogates in no text in UTF-8.
PASSWORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(PASSWORDS)
def test_any_password_reads_back_the_same_through_libpq(password: str) -> None:
    url = composed(password.encode(), "postgresql://airflow:", "@pg-rw.data.svc:5432/airflow")
    assert parse_dsn(url) == {
        "user": "airflow",
        "password": password,
        "host": "pg-rw.data.svc",
        "port": "5432",
        "dbname": "airflow",
    }


@settings(derandomize=True, max_examples=200, deadline=None)
@given(PASSWORDS)
def test_any_password_is_copied_as_it_is_and_reads_back_the_same_out_of_json(password: str) -> None:
    assert composed(password.encode(), "", "", "plain") == password
    told = composed(password.encode(), '{"conn_type": "aws", "password": "', '"}', "json")
    assert json.loads(told) == {"conn_type": "aws", "password": password}


def test_what_is_no_text_does_not_go_into_json() -> None:
    with pytest.raises(AssertionError):
        composed(b"\xff", '"', '"', "json")
    assert composed(b"\xff", "a:", "@b") == "a:%FF@b"


def through_asyncpg(url: str) -> Any:
    """Addresses and login as asyncpg's own reader of URLs finds them; it takes every part of its signature as None but those."""
    import inspect

    reader = connect_utils._parse_connect_dsn_and_args
    given: dict[str, Any] = dict.fromkeys(inspect.signature(reader).parameters)
    return reader(**{**given, "dsn": url})


@settings(derandomize=True, max_examples=300, deadline=None)
@given(PASSWORDS)
def test_any_password_reads_back_the_same_through_asyncpg(password: str) -> None:
    addresses, login = through_asyncpg(
        composed(password.encode(), "postgresql://airflow:", "@pg-rw.data.svc:5432/airflow")
    )[:2]
    assert addresses == [("pg-rw.data.svc", 5432)]
    assert (login.user, login.password, login.database) == ("airflow", password, "airflow")


def test_airflow_itself_and_its_broker_read_the_password_back(tmp_path: Path) -> None:
    """Airflow expands variables in what it takes from the environment, and rewrites the URL for its second driver."""
    interpreters = sorted(Path(os.environ.get("CDK8S_AIRFLOW_VENVS", "/nowhere")).glob("*/bin/python"))
    if not interpreters:
        pytest.skip("CDK8S_AIRFLOW_VENVS names no folder with installations of Airflow")
    password = NASTY + "$HOME${HOME}~"
    url = composed(password.encode(), "postgresql://airflow:", "@pg-rw.data.svc:5432/airflow")
    broker = composed(password.encode(), "redis://:", "@airflow-redis:6379/0")
    program = textwrap.dedent(
        """
        import json, os, sys
        from airflow.configuration import conf
        os.environ.update(json.loads(sys.argv[1]))
        from sqlalchemy.engine import make_url
        found = [make_url(conf.get("database", "sql_alchemy_conn")).password]
        found.append(make_url(conf.get("database", "sql_alchemy_conn").replace("postgresql", "postgresql+asyncpg")).password)
        try:
            from kombu.utils.url import parse_url
            found.append(parse_url(conf.get("celery", "broker_url"))["password"])
        except ImportError:
            pass
        print(json.dumps(found))
        """
    )
    variables = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url, "AIRFLOW__CELERY__BROKER_URL": broker}
    for python in interpreters:
        done = subprocess.run(
            [str(python), "-W", "ignore", "-c", program, json.dumps(variables)],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "AIRFLOW_HOME": str(tmp_path / python.parts[-3]),
                "PYTHONUTF8": "1",
            },
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout.splitlines()[-1])
        assert len(found) >= 2
        assert set(found) == {password}, python


def test_the_program_is_what_is_shipped_and_needs_only_an_old_python() -> None:
    source = told(platform())["bootstrap_job.py"]
    assert source == Path(bootstrap_job.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)])
    }
    assert imported
    assert imported <= sys.stdlib_module_names
    assert "{{" not in source


def test_the_program_stands_alone(tmp_path: Path) -> None:
    """The script imports nothing from its folder, not even a module with the name of a standard module."""
    (tmp_path / "secrets.py").write_text("raise SystemExit('read')", encoding="utf-8")
    script = tmp_path / "bootstrap_job.py"
    script.write_text(told(platform())["bootstrap_job.py"], encoding="utf-8")
    _, *flags, _, _ = command(platform())
    done = subprocess.run(
        [sys.executable, *flags, str(script), str(tmp_path / "none.json")], capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1].startswith("FileNotFoundError")
    assert not (tmp_path / "__pycache__").exists()


def test_an_address_may_be_of_the_sixth_version(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(certificate("server")[0])
    import http.client

    cluster = Cluster(
        *bootstrap_job._address({"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}), str(tmp_path)
    )
    connection = http.client.HTTPSConnection(cluster._host, cluster._port, context=cluster._trust)
    assert (connection.host, connection.port) == ("fd00::1", 443)
