"""Ways in which a secret might get into the output: each is refused before or at synth, and no message shows it.

Every attempt carries canaries. New ways are added here first.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cdk8s
import cdk8s_plus_27 as plus
import pytest

from cdk8s_airflow import (
    AirflowKeys,
    ArgoApplication,
    AwsAccessKeys,
    AwsSecretsManager,
    CeleryExecutor,
    ChartSource,
    ClusterFacts,
    DagBundles,
    DagFolder,
    DatabaseRole,
    DataLake,
    DsnSecret,
    ExternalBroker,
    ExternalDatabase,
    ExternalSecret,
    FluxRelease,
    GitBundle,
    HashicorpVault,
    HelmCommand,
    HttpProxy,
    Image,
    Ingress,
    K3sHelmChart,
    LabDatabase,
    LocalExecutor,
    Namespace,
    NetworkIsolation,
    ObjectStorage,
    OtelCollector,
    PlatformError,
    RemoteKey,
    RemoteTemplate,
    Scheduler,
    SealedSecret,
    SecretKey,
    SecretStore,
    ServiceAccount,
    ServiceAccounts,
    TaskPod,
    TaskPods,
    Triggerer,
    Volume,
    synth,
)
from cdk8s_airflow.dbt import DbtPostgres, DbtProfile, DbtProfiles, DbtTarget
from cdk8s_airflow.network import ExternalPeer, PodGroup, TrafficFlow
from tests.making import make_airflow, make_cluster, make_dags

WORD = "hunter2-canary"
TOKEN = "glpat-Xk29vLq8ZtR4mNp7cWy3"
FERNET = "kX9pQ2vN7wLr4TzY8bJ1mC6hF3sD5gA0eUiOoPqRsTw="
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhaXJmbG93In0.c2lnbmF0dXJlLW9mLWEtY2FuYXJ5"
AWS_ID = "AKIAQ3EGZ5XK7JYTRW2N"
AWS_SECRET = "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"
PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAA\n-----END OPENSSH PRIVATE KEY-----\n"
URL = f"postgresql://airflow:{WORD}@pg.acme.lab:5432/airflow"
CANARIES = (WORD, TOKEN, FERNET, JWT, AWS_ID, AWS_SECRET, "b3BlbnNzaC1rZXktdjEA", "c2lnbmF0dXJlLW9m")

SECRET_RULES = {
    "values/owned",
    "values/secret-literal",
    "environment/clear-text",
    "config/secret-literal",
    "config/owned",
    "components/secret-literal",
    "dags/secret-in-url",
    "dags/known-hosts",
    "secrets/clear-text",
    "secrets/content",
    "argument/name",
    "argument/type",
    "argument/url",
    "argument/host",
    "dbt/literal-secret",
    "database/tls",
    "secrets/ciphertext",
    "secrets/literal",
    "secrets/reference",
    "secrets/remote-name",
    "storage/endpoint",
    "images/repository",
    "delivery/chart-url",
    "argument/unknown",
    "argument/choice",
    "tasks/executor",
    "tasks/text",
    "values/wrong-type",
}
"""Rules that refuse a secret. An attempt that only fails for another reason says nothing."""

Attempt = Callable[[cdk8s.Chart, Path], object]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


CANARIES += tuple(encoded(text)[:20] for text in (URL, TOKEN, PEM, f"password: {WORD}\n", f"ci:{WORD}"))


def airflow(**changes: Any) -> Attempt:
    return lambda chart, _: make_airflow(chart, **changes)


def values(**values: Any) -> Attempt:
    return airflow(values=values)


def unchecked(**values: Any) -> Attempt:
    return airflow(unchecked_values=values)


def container(**changes: Any) -> dict[str, Any]:
    return {
        "name": "proxy",
        "image": "registry.acme.lab/proxy:1",
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
        **changes,
    }


def folder(text: str, name: str = "sales.py") -> Attempt:
    def attempt(chart: cdk8s.Chart, path: Path) -> object:
        dags = path / "dags"
        dags.mkdir()
        (dags / "other.py").write_text("", encoding="utf-8")
        (dags / name).write_text(text, encoding="utf-8")
        return make_airflow(chart, dags=DagFolder(dags))

    return attempt


def made(kind: str, api_version: str = "v1", **body: Any) -> Attempt:
    """An object of the user, in addition to ours."""

    def attempt(chart: cdk8s.Chart, _: Path) -> object:
        made = cdk8s.ApiObject(chart, "own", api_version=api_version, kind=kind, metadata={"name": "own"})
        made.add_json_patch(*(cdk8s.JsonPatch.add(f"/{key}", value) for key, value in body.items()))
        return make_airflow(chart)

    return attempt


def patched(*patches: cdk8s.JsonPatch, **changes: Any) -> Attempt:
    def attempt(chart: cdk8s.Chart, _: Path) -> object:
        made = make_airflow(chart, **changes).api_object
        assert made is not None
        return made.add_json_patch(*patches)

    return attempt


ATTEMPTS: dict[str, Attempt] = {
    # values=: where the chart takes secrets
    "the fernet key": values(fernetKey=FERNET),
    "the key of the API": values(apiSecretKey=WORD),
    "the key of tokens": values(jwtSecret=WORD),
    "the password of the metadata database": values(data={"metadataConnection": {"pass": WORD}}),
    "a numeric password of the metadata database": values(data={"metadataConnection": {"pass": 20261121}}),
    "the URL of the broker": values(data={"brokerUrl": f"redis://:{WORD}@redis:6379/0"}),
    "the password of Redis": values(redis={"password": WORD}),
    "the ssh key of git-sync": values(dags={"gitSync": {"sshKey": encoded(PEM)}}),
    "the password of the default user": values(createUserJob={"defaultUser": {"password": WORD}}),
    "the login of a registry": values(registry={"connection": {"user": "ci", "pass": WORD}}),
    "a keytab": values(kerberos={"keytabBase64Content": encoded(WORD)}),
    "the key of PgBouncer's certificate": values(pgbouncer={"ssl": {"key": PEM}}),
    "an extra Secret": values(extraSecrets={"lake": {"stringData": f"password: {WORD}\n"}}),
    "an extra Secret in base64": values(extraSecrets={"lake": {"data": f"password: {encoded(WORD)}\n"}}),
    "an option that Airflow calls sensitive": values(config={"smtp": {"smtp_password": WORD}}),
    "an option of a provider by its name": values(config={"lake": {"client_secret": WORD}}),
    # values=: where it does not, but somebody would try
    "a variable in values": values(env=[{"name": "LAKE_PASSWORD", "value": WORD}]),
    "a key of AWS in values": values(env=[{"name": "AWS_SECRET_ACCESS_KEY", "value": AWS_SECRET}]),
    "a variable of one component": values(scheduler={"env": [{"name": "AIRFLOW_CONN_LAKE", "value": f"aws://{AWS_ID}:{AWS_SECRET}@/"}]}),
    "a token under a name that says nothing": values(env=[{"name": "LAKE", "value": TOKEN}]),
    "variables as text": values(extraEnv=f"- name: LAKE_PASSWORD\n  value: {WORD}\n"),
    "variables as text, value first": values(extraEnv=f"- value: {WORD}\n  name: LAKE_PASSWORD\n"),
    "variables as text in JSON": values(extraEnv=f'- {{"name": "LAKE_TOKEN", "value": "{WORD}"}}\n'),
    "a whole pod template": values(
        podTemplate=f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: base\n      env:\n        - name: DB_PASSWORD\n          value: {WORD}\n"
    ),
    "an extra ConfigMap": values(extraConfigMaps={"lake": {"data": f"lake.ini: |\n  [lake]\n  password = {WORD}\n"}}),
    "an extra ConfigMap in base64": values(extraConfigMaps={"lake": {"data": f"lake.b64: {encoded(f'password: {WORD}' + chr(10))}\n"}}),
    "the configuration of the webserver": values(
        apiServer={"apiServerConfig": f'import os\nOAUTH_PROVIDERS = [{{"name": "sso", "client_secret": "{WORD}"}}]\n'}
    ),
    "the local settings": values(airflowLocalSettings=f'from os import environ\nenviron["LAKE_PASSWORD"] = "{WORD}"\n'),
    "arguments of a component": values(scheduler={"args": ["bash", "-c", f"exec airflow scheduler --lake-token {WORD}"]}),
    "arguments one by one": values(scheduler={"args": ["lake", "--password", WORD]}),
    "a command that exports": values(migrateDatabaseJob={"command": ["bash", "-c", f"export PGPASSWORD='{WORD}'; airflow db migrate"]}),
    "a login for curl": values(scheduler={"command": ["curl", "-u", f"ci:{WORD}", "https://acme.lab"]}),
    "an extra container": values(scheduler={"extraContainers": [container(env=[{"name": "API_KEY", "value": WORD}])]}),
    "an extra container's arguments": values(triggerer={"extraContainers": [container(args=[f"--db={URL}"])]}),
    "an annotation of all pods": values(airflowPodAnnotations={"acme.lab/token": TOKEN}),
    "an annotation whose key it is": values(airflowPodAnnotations={TOKEN: "x"}),
    "a label": values(labels={"token": TOKEN}),
    "an annotation of the ingress": values(
        ingress={"apiServer": {"annotations": {"nginx.ingress.kubernetes.io/configuration-snippet": f'proxy_set_header Authorization "Bearer {JWT}";'}}}
    ),
    "a git URL with a token": values(dags={"gitSync": {"repo": f"https://oauth2:{TOKEN}@gitlab.acme.lab/dags.git"}}),
    "a git URL with a token for a user": values(dags={"gitSync": {"repo": f"https://{TOKEN}@gitlab.acme.lab/dags.git"}}),
    "a URL in percent-encoding": values(env=[{"name": "LAKE", "value": quote(URL, safe="")}]),
    "a URL in base64": values(env=[{"name": "LAKE", "value": encoded(URL)}]),
    "a URL in base64 of base64": values(env=[{"name": "LAKE", "value": encoded(encoded(URL))}]),
    "a password as a parameter of a URL": values(env=[{"name": "LAKE", "value": f"snowflake://acme/?password={WORD}&role=x"}]),
    "a connection in JSON": values(env=[{"name": "LAKE", "value": json.dumps({"conn_type": "postgres", "password": WORD})}]),
    "the words of libpq": values(env=[{"name": "LAKE", "value": f"host=pg user=airflow password={WORD}"}]),
    "a .pgpass": values(extraConfigMaps={"pg": {"data": f".pgpass: |\n  pg.acme.lab:5432:airflow:airflow:{WORD}\n"}}),
    "a .netrc": values(extraConfigMaps={"git": {"data": f".netrc: |\n  machine gitlab.acme.lab login ci password {WORD}\n"}}),
    "a login of Docker": values(
        extraConfigMaps={"docker": {"data": "config.json: |\n  " + json.dumps({"auths": {"r.acme.lab": {"auth": encoded(f"ci:{WORD}")}}})}}
    ),
    "a shared access signature": values(env=[{"name": "LAKE", "value": "https://acme.blob.core.windows.net/x?sv=2024&sig=" + AWS_SECRET}]),
    "dbt profiles": values(extraConfigMaps={"dbt": {"data": f"profiles.yml: |\n  acme:\n    outputs:\n      prod: {{type: postgres, user: dbt, password: {WORD}}}\n"}}),
    "a password below the colon": values(extraConfigMaps={"x": {"data": f"password: |\n  {WORD}\n"}}),
    # unchecked_values=
    "an unchecked fernet key": unchecked(fernetKey=FERNET),
    "an unchecked variable": unchecked(env=[{"name": "LAKE_PASSWORD", "value": WORD}]),
    "an unchecked key nobody knows": unchecked(ourOwn={"deeper": [{"notes": PEM}]}),
    "an unchecked password nobody knows": unchecked(ourOwn={"dbPassword": WORD}),
    # arguments
    "a variable": airflow(env={"LAKE_PASSWORD": WORD}),
    "a token in a variable": airflow(env={"LAKE": TOKEN}),
    "a URL in a variable": airflow(env={"LAKE": URL}),
    "a key of AWS in a variable": airflow(env={"AWS_ACCESS_KEY_ID": AWS_ID}),
    "a private key in a variable": airflow(env={"LAKE": PEM}),
    "a fernet key in a variable": airflow(env={"LAKE": FERNET}),
    "flags in a variable": airflow(env={"JAVA_OPTS": f"-Xmx1g -Dlake.password={WORD}"}),
    "a variable of a component": airflow(scheduler=Scheduler(env={"LAKE_PASSWORD": WORD})),
    "a variable of a task pod": airflow(task_pods=TaskPods(templates={"big": TaskPod(env={"LAKE_TOKEN": WORD})})),
    "a variable of Airflow": airflow(variables={"lake_password": WORD}),
    "a variable of Airflow in JSON": airflow(variables={"lake": json.dumps({"api_key": WORD})}),
    "a connection as a text": airflow(connections={"lake": f"aws://{AWS_ID}:{AWS_SECRET}@/"}),
    "an option": airflow(config={"lake": {"api_key": WORD}}),
    "an option that Airflow calls sensitive, by argument": airflow(config={"sentry": {"sentry_dsn": "https://1f2e3d4c5b6a79881f2e3d4c5b6a7988@sentry.acme.lab/1"}}),
    "an option in JSON": airflow(config={"lake": {"extras": json.dumps({"secret_access_key": AWS_SECRET})}}),
    "a proxy with a password": airflow(proxy=HttpProxy(http=f"http://ci:{WORD}@proxy.acme.lab:3128")),
    "an extra container by argument": airflow(scheduler=Scheduler(containers=[container(args=["--token", TOKEN])])),
    "an extra container's variable by argument": airflow(triggerer=Triggerer(init_containers=[container(env=[{"name": "DB_PASSWORD", "value": WORD}])])),
    "an annotation of a component": airflow(scheduler=Scheduler(annotations={"acme.lab/login": f"https://ci:{WORD}@acme.lab"})),
    "an annotation of the ingress by argument": airflow(
        ui=Ingress(host="airflow.acme.lab", annotations={"acme.lab/header": f"Authorization: Bearer {JWT}"})
    ),
    "an annotation of a service account": airflow(service_accounts=ServiceAccounts(scheduler=ServiceAccount(annotations={"acme.lab/key": JWT}))),
    "a volume with a password in its options": airflow(
        scheduler=Scheduler(
            volumes=[{"name": "smb", "csi": {"driver": "smb.csi.k8s.io", "volumeAttributes": {"source": "//nas/x", "password": WORD}}}],
            volume_mounts=[{"name": "smb", "mountPath": "/smb"}],
        )
    ),
    "an exporter's header": airflow(otel_collector=OtelCollector(exporters={"otlphttp": {"endpoint": "http://t:4318", "headers": {"x-scope": f"Bearer {JWT}"}}})),
    "the word for a rotation": airflow(rotation=f"new token {TOKEN}"),
    "a token for a Secret's name": airflow(keys=AirflowKeys.existing(prefix=TOKEN)),
    "a URL for the database": lambda chart, _: make_airflow(chart, database=ExternalDatabase(url=URL).connection()),  # type: ignore[arg-type]
    "a password for a key of a Secret": airflow(env={"LAKE": SecretKey("lake", URL)}),
    "a URL for a broker": airflow(executor=CeleryExecutor(broker=ExternalBroker(url=f"redis://:{WORD}@redis/0"))),  # type: ignore[arg-type]
    "credentials of a Cluster": lambda chart, _: make_cluster(chart, credentials=WORD),
    "parameters of PostgreSQL": lambda chart, _: make_cluster(chart, parameters={"search_path": f"x password={WORD}"}),
    "a token for credentials of git": lambda chart, _: make_dags(chart, credentials=TOKEN),
    "a repository with a token": lambda chart, _: make_dags(chart, repo=f"https://oauth2:{TOKEN}@gitlab.acme.lab/dags.git"),
    "a repository with a token for a user": lambda chart, _: make_dags(chart, repo=f"https://{TOKEN}@gitlab.acme.lab/dags.git"),
    "a repository with a token for a parameter": lambda chart, _: make_dags(chart, repo=f"https://gitlab.acme.lab/dags.git?private_token={TOKEN}"),
    "a bundle with a token": airflow(
        airflow_version="3.2.2",
        dags=DagBundles({"sales": GitBundle(name="sales", repo=f"https://oauth2:{TOKEN}@gitlab.acme.lab/dags.git", ref="main")}),
    ),
    "a private key for known hosts": lambda chart, _: make_dags(chart, repo="git@gitlab.acme.lab:x/dags.git", known_hosts=PEM),
    "an annotation of a namespace": lambda chart, _: Namespace(chart, "airflow", annotations={"acme.lab/owner": f"https://ci:{WORD}@acme.lab"}),
    "an argument that is none": airflow(fernet_key=FERNET),
    "a setting that is ignored": airflow(
        executor=LocalExecutor(), task_pods=TaskPods(templates={"big": TaskPod(annotations={"acme.lab/a": TOKEN, "acme.lab/b": URL})})
    ),
    "an image with a login": airflow(airflow_version="3.2.2", image=Image(f"ci:{WORD}@registry.acme.lab/airflow", tag="1")),
    "a chart's repository with a login": airflow(delivery=K3sHelmChart(source=ChartSource(url=f"https://ci:{WORD}@charts.acme.lab"))),
    "a host name with a login": airflow(ui=Ingress(host=f"ci:{WORD}@airflow.acme.lab")),
    # DAG files
    "a DAG file with a password": folder(f'from airflow import DAG\npassword = "{WORD}"\n'),
    "a DAG file with a connection": folder(f'from airflow.models import Connection\nc = DatabaseConnection(conn_id="x", password="{WORD}")\n'),
    "a DAG file with a URL": folder(f'import sqlalchemy\nengine = sqlalchemy.create_engine("{URL}")\n'),
    "a DAG file with a token": folder(f'import requests\nrequests.get("https://x", headers={{"PRIVATE-TOKEN": "{TOKEN}"}})\n'),
    "a DAG file with a default for a variable": folder(f'import os\npw = os.getenv("LAKE_PASSWORD", "{WORD}")\n'),
    "a DAG file with a login": folder(f'import requests\nrequests.get("https://x", auth=("ci", "{WORD}"))\n'),
    "a file of variables among DAG files": folder(f"LAKE_PASSWORD={WORD}\n", "lake.env"),
    "a key among DAG files": folder(PEM, "id_ed25519"),
    "a service account of Google among DAG files": folder(json.dumps({"type": "service_account", "private_key": PEM}), "gcp.json"),
    "SQL among DAG files": folder(f"CREATE ROLE lake LOGIN PASSWORD '{WORD}';\n", "role.sql"),
    # other deliveries
    "values in a ConfigMap of Flux": airflow(delivery=FluxRelease(), unchecked_values={"x": URL}),
    "values in an Application": airflow(delivery=ArgoApplication(), unchecked_values={"x": {"token": TOKEN}}),
    "values in a file": airflow(delivery=HelmCommand(), unchecked_values={"x": JWT}),
    # objects of the user's own, and patches of ours
    "a Secret of one's own": made("Secret", stringData={"lake": WORD}),
    "a Secret of one's own in base64": made("Secret", data={"lake": encoded(WORD)}),
    "a ConfigMap of one's own": made("ConfigMap", data={"lake.ini": f"[lake]\nuser = x\npassword = {WORD}\n"}),
    "a Deployment of one's own": made(
        "Deployment", "apps/v1", spec={"template": {"spec": {"containers": [{"name": "x", "env": [{"name": "DB_PASSWORD", "value": WORD}]}]}}}
    ),
    "a HelmChart of one's own": made("HelmChart", "helm.cattle.io/v1", spec={"chart": "x", "set": {"auth.password": WORD}}),
    "a HelmChart of one's own with text": made("HelmChart", "helm.cattle.io/v1", spec={"valuesContent": f"auth:\n  password: {WORD}\n"}),
    "a patch of the values": patched(cdk8s.JsonPatch.add("/spec/valuesContent", f"fernetKey: {FERNET}\n")),
    "a patch with set": patched(cdk8s.JsonPatch.add("/spec/set", {"redis.password": WORD})),
    "a patch of an Application": patched(
        cdk8s.JsonPatch.add("/spec/source/helm/parameters", [{"name": "redis.password", "value": WORD}]), delivery=ArgoApplication()
    ),
    "a label by cdk8s": lambda chart, _: make_airflow(chart).api_object.metadata.add_annotation("acme.lab/note", URL),  # type: ignore[union-attr]
}  # fmt: skip

NAMESPACE = Namespace.existing("airflow")
STORE = SecretStore.existing("vault")


def external(**data: Any) -> Attempt:
    arguments = {"namespace": NAMESPACE, "store": STORE, "secret": DsnSecret("airflow-metadata"), **data}
    return lambda chart, _: ExternalSecret(chart, "external", **arguments)


def sealed(**encrypted: str) -> Attempt:
    arguments: dict[str, Any] = {"secret": DsnSecret("airflow-metadata"), "encrypted": encrypted}
    return lambda chart, _: SealedSecret(chart, "sealed", namespace=NAMESPACE, **arguments)


def dbt(target: Any) -> Attempt:
    profiles = {"warehouse": DbtProfile(targets={"prod": target})}
    return lambda chart, _: DbtProfiles(chart, "dbt", namespace=NAMESPACE, profiles=profiles)


def lake(**changes: Any) -> Attempt:
    def attempt(chart: cdk8s.Chart, _: Path) -> object:
        storage = ObjectStorage.s3(**changes)
        return make_airflow(chart, data_lake=DataLake(buckets=[storage.bucket("data-raw")]))

    return attempt


def external_database(**changes: Any) -> Attempt:
    given: dict[str, Any] = {"host": "pg.acme.lab", "password": SecretKey("pg", "password"), **changes}
    return lambda chart, _: make_airflow(chart, database=ExternalDatabase(**given).connection())


def isolated(name: str) -> Attempt:
    def attempt(chart: cdk8s.Chart, _: Path) -> object:
        flow = TrafficFlow(
            source=PodGroup(name="scheduler", namespace="airflow", labels={"component": "scheduler"}),
            target=ExternalPeer(name=name, networks=("10.0.0.0/8",)),
            port=443,
            purpose=name,
        )
        airflow = make_airflow(chart)
        facts = ClusterFacts(api_server=ExternalPeer(name="API server", networks=("10.0.0.1/32",)))
        return NetworkIsolation(chart, "isolation", traffic=[airflow], flows=[flow], facts=facts)

    return attempt


ATTEMPTS |= {
    "the URL itself for the key of a store": external(data={"connection": URL}),
    "a token for the key of a store": external(data={"connection": RemoteKey(TOKEN)}),
    "a URL for the key of a store": external(data={"connection": RemoteKey(URL)}),
    "a password in a form around parts": external(
        data={"connection": RemoteTemplate(template=f"postgresql://airflow:{WORD}@pg:5432/{{database}}", parts={"database": RemoteKey("db")})}
    ),
    "a password that is not sealed": sealed(connection=URL),
    "a password in base64 that is not sealed": sealed(connection=encoded(URL)),
    "a server of Vault with a login": lambda chart, _: SecretStore(
        chart, "store", namespace=NAMESPACE, provider=HashicorpVault(server=f"https://ci:{WORD}@vault.acme.lab", credentials=SecretKey("vault", "token"))
    ),
    "a token of Vault": lambda chart, _: SecretStore(
        chart, "store", namespace=NAMESPACE, provider=HashicorpVault(server="https://vault.acme.lab", credentials="hvs.CAESIJ9s8e7d6c5b4a3")  # type: ignore[arg-type]
    ),
    "keys of AWS for a store": lambda chart, _: SecretStore(
        chart,
        "store",
        namespace=NAMESPACE,
        provider=AwsSecretsManager(region="eu-central-1", credentials=AwsAccessKeys(access_key_id=AWS_ID, secret_access_key=AWS_SECRET)),  # type: ignore[arg-type]
    ),
    "a password of dbt": dbt(DbtTarget(type="redshift", settings={"host": "x", "password": WORD})),
    "a token of dbt under another name": dbt(DbtTarget(type="databricks", settings={"host": "x", "extra": TOKEN})),
    "a password of dbt for PostgreSQL": dbt(
        DbtPostgres(host="pg", database="w", schema="a", user="dbt", password=WORD)  # type: ignore[arg-type]
    ),
    "an endpoint with a login": lake(endpoint=f"https://{AWS_ID}:{AWS_SECRET}@s3.acme.lab"),
    "keys of AWS for a bucket": lake(credentials=f"{AWS_ID}:{AWS_SECRET}"),
    "a host with a login": external_database(host=f"airflow:{WORD}@pg.acme.lab"),
    "a user with a password": external_database(user=f"airflow:{WORD}"),
    "the password of a database": external_database(password=WORD),
    "the password of a role": lambda chart, _: make_cluster(chart, roles=[DatabaseRole(name="dbt", credentials=WORD)]),  # type: ignore[arg-type]
    "a comment of a role": lambda chart, _: make_cluster(chart, roles=[DatabaseRole(name="dbt", comment=f"password: {WORD}")]),
    "a purpose of a flow": isolated(f"https://ci:{WORD}@acme.lab"),
    "credentials of a lab": lambda chart, _: LabDatabase(chart, "lab", namespace=NAMESPACE, storage=Volume("1Gi"), credentials=WORD),  # type: ignore[arg-type]
}  # fmt: skip


def secret_of_cdk8s_plus(chart: cdk8s.Chart, _: Path) -> object:
    plus.Secret(chart, "own", string_data={"lake": WORD})
    return make_airflow(chart)


ATTEMPTS["a Secret of cdk8s-plus"] = secret_of_cdk8s_plus

SECRET_OBJECT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "lake"},
    "stringData": {"lake": WORD},
}


ATTEMPTS |= {
    "a Secret among extra objects": unchecked(extraObjects=[SECRET_OBJECT]),
    "a Secret among extra objects as text": unchecked(extraObjects=[json.dumps(SECRET_OBJECT)]),
    "a Secret in a List": made("List", items=[SECRET_OBJECT]),
    "a SecretList": made("SecretList", items=[{"metadata": {"name": "lake"}, "data": {"lake": encoded(WORD)}}]),
    "a Secret in a ConfigMap": made("ConfigMap", data={"lake.yaml": f"kind: Secret\nstringData:\n  lake: {WORD}\n"}),
    "a Secret in values of an Application": made(
        "Application",
        "argoproj.io/v1alpha1",
        spec={
            "source": {"helm": {"values": f"extraObjects:\n  - kind: Secret\n    stringData:\n      lake: {WORD}\n"}}
        },
    ),
    "a password for the key of a Secret": airflow(env={"LAKE": SecretKey("lake", "Tr0ub4dor&3")}),
    "a password that could be the key of a Secret": airflow(env={"LAKE": SecretKey("lake", "Xk29vLq8ZtR4mNp7cWy3")}),
    "a password for the name of a Secret": airflow(env={"LAKE": SecretKey("Tr0ub4dor&3", "password")}),
    "a password in a reference of another type": lambda chart, _: make_airflow(
        chart,
        database=SecretKey("lake", "Tr0ub4dor&3"),  # type: ignore[arg-type]
    ),
    "a list of passwords for a variable": airflow(env={"LAKE": [WORD]}),
    "a mapping for a variable": airflow(env={"LAKE": {"user": "ci", "word": WORD}}),
    "bytes for a variable": airflow(env={"LAKE": WORD.encode()}),
    "variables as a list": airflow(env=[f"LAKE={WORD}"]),
    "variables as a string": airflow(env=f"LAKE={WORD}"),
    "a list of passwords for a variable of Airflow": airflow(variables={"lake": [WORD]}),
    "a list for a connection": airflow(connections={"lake": [WORD]}),
    "a numeric password for a variable": airflow(env={"LAKE": 20261121}),
    "a password for the name of a variable": airflow(env={f"{WORD} !": "lake"}),
    "extra variables as text that is no list": values(extraEnv=f"LAKE_WORD {WORD}"),
    "extra variables as text of another form": values(extraEnv=f"- name: LAKE\n  {WORD}"),
    "an id that is a token": lambda chart, _: make_airflow(chart, TOKEN, executor="none"),
    "a chart's id that is a token": lambda chart, _: make_airflow(cdk8s.Chart(chart, TOKEN), executor="none"),
    "a default in a braced variable": airflow(env={"DB_PASSWORD": f"${{X:-{WORD}}}"}),
    "a password with a dollar": airflow(env={"DB_PASSWORD": "Tr$ub4dor&3"}),
    "a URL whose password has a dollar": airflow(env={"LAKE": "postgresql://u:$Tr0ub4dor@h/x"}),
    "a password with braces": airflow(env={"DB_PASSWORD": f"{WORD}{{{{"}),
    "a password with a slash": airflow(env={"DB_PASSWORD": f"/{WORD}"}),
    "an operator's variable in a DAG": folder(
        f'from kubernetes.client import models as k8s\nenv = [k8s.V1EnvVar(name="DB_PASSWORD", value="{WORD}")]\n'
    ),
    "an annotated password in a DAG": folder(f'import os\nPASSWORD: str = "{WORD}"\n'),
    "a configuration of Redis": values(extraConfigMaps={"redis": {"data": f"redis.conf: |\n  requirepass {WORD}\n"}}),
    "an element of XML": values(
        extraConfigMaps={"hive": {"data": f"hive-site.xml: |\n  <password>{WORD}</password>\n"}}
    ),
}
CANARIES += ("Tr0ub4dor", "Tr$ub4dor", "Xk29vLq8", "20261121")


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=[name.replace(" ", "-") for name in ATTEMPTS])
def test_secret_is_neither_written_nor_shown(attempt: Attempt, tmp_path: Path) -> None:
    out = tmp_path / "dist"
    out.mkdir()
    (out / "before.k8s.yaml").write_text("kept: true\n", encoding="utf-8")

    def build() -> cdk8s.App:
        app = cdk8s.App(outdir=str(out))
        attempt(cdk8s.Chart(app, "platform"), tmp_path)
        return app

    with pytest.raises(PlatformError) as caught:
        synth(build)
    told = "\n".join([str(caught.value), *(repr(finding) for finding in caught.value)])
    assert [canary for canary in CANARIES if canary in told] == []
    assert [path.name for path in out.rglob("*") if path.is_file()] == ["before.k8s.yaml"]
    assert all(finding.fix for finding in caught.value)
    assert {finding.rule for finding in caught.value} & SECRET_RULES


@pytest.mark.parametrize("kind", list(cdk8s.YamlOutputType))
def test_secret_is_found_in_every_layout_of_the_output(kind: cdk8s.YamlOutputType, tmp_path: Path) -> None:
    app = cdk8s.App(outdir=str(tmp_path / "dist"), yaml_output_type=kind)
    chart = cdk8s.Chart(app, "platform")
    made("Secret", stringData={"lake": WORD})(chart, tmp_path)
    with pytest.raises(PlatformError) as caught:
        synth(app)
    assert {finding.rule for finding in caught.value} == {"secrets/content"}
    assert WORD not in str(caught.value)
    assert not (tmp_path / "dist").exists() or not any(path.is_file() for path in (tmp_path / "dist").rglob("*"))


def test_there_are_enough_attempts_to_mean_something() -> None:
    assert len(ATTEMPTS) >= 100
