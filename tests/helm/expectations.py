"""What must hold in every rendering of a platform, as assertions that name each place that breaks the rule.

Each function collects all that is wrong before it fails, so one run shows everything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import kubernetes_validate

from .gitsync import KNOWN_VERSIONS, GitSyncError, effective, seconds
from .rendering import Container, Pod, Rendered

DATABASE_ENV = ("AIRFLOW__CORE__SQL_ALCHEMY_CONN", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_AIRFLOW_DB")
"""The names by which Airflow containers learn the database; charts from 1.20 on know the last two only."""

REQUIRED_DATABASE_ENV = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_AIRFLOW_DB")

RESTRICTED_VOLUMES = frozenset(
    ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret")
)
"""Volume types that the Pod Security Standard ``restricted`` allows."""


def _fail_on(problems: Iterable[str]) -> None:
    listed = list(dict.fromkeys(problems))
    assert not listed, f"{len(listed)} problems:\n" + "\n".join(listed)


def assert_env_once(rendered: Rendered) -> None:
    """No container and no init container has two entries of one name in ``env``."""
    problems = []
    for container in rendered.containers():
        names = [str(entry["name"]) for entry in container.env_entries]
        for name in sorted({name for name in names if names.count(name) > 1}):
            problems.append(f"{container.where}: {name} is set {names.count(name)} times")
    _fail_on(problems)


def assert_database_from(rendered: Rendered, secret: str, key: str) -> None:
    """All database variables come from one key of one Secret, once each, and only Airflow's containers have them.

    Every Airflow container has the two names that all charts know, but for that of a task pod of Airflow 3, which has none.
    Containers of git-sync, StatsD and the log groomers, and any container that is not Airflow's, have none either.
    """
    if not rendered.containers("airflow"):
        _fail_on(["no Airflow container is rendered"])
    least = rendered.airflow_cfg.get("core", "execution_api_server_url", fallback="") != ""
    problems = []
    for container in rendered.containers():
        names = [str(entry["name"]) for entry in container.env_entries]
        for base in DATABASE_ENV:
            for name in (f"{base}_CMD", f"{base}_SECRET"):
                if name in names:
                    problems.append(f"{container.where}: {name} would win over {base}")
            if container.role != "airflow" or (least and container.pod.kind == "PodTemplate"):
                if base in names:
                    problems.append(f"{container.where}: {base} in a container that needs no database")
                continue
            if names.count(base) > 1 or (base in REQUIRED_DATABASE_ENV and base not in names):
                problems.append(f"{container.where}: {base} is set {names.count(base)} times, not once")
        for entry in container.env_entries:
            if entry["name"] in DATABASE_ENV and container.role == "airflow":
                source = (entry.get("valueFrom") or {}).get("secretKeyRef")
                if source is None or (source["name"], source["key"]) != (secret, key):
                    problems.append(f"{container.where}: {entry['name']} comes from {source}, not {secret}/{key}")
                elif source.get("optional"):
                    problems.append(f"{container.where}: {entry['name']} may be absent")
    _fail_on(problems)


def git_sync_places(rendered: Rendered) -> dict[str, tuple[bool, bool]]:
    """Component -> (init container, running container) where git-sync has to be, in all four charts.

    The DAG processor takes git-sync away from the scheduler, except where tasks run inside the scheduler. A task pod of
    KubernetesExecutor has the init container alone.
    """
    components = {pod.component for pod in rendered.pods}
    places: dict[str, tuple[bool, bool]] = {}
    if "dag-processor" in components:
        places["dag-processor"] = (True, True)
    if "scheduler" in components and ("dag-processor" not in components or "Local" in _executor(rendered)):
        places["scheduler"] = (True, True)
    if "triggerer" in components:
        places["triggerer"] = (True, True)
    return places


def _executor(rendered: Rendered) -> str:
    return rendered.airflow_cfg.get("core", "executor", fallback="")


def _plain_env(container: Container) -> dict[str, str]:
    return {str(e["name"]): str(e.get("value", "")) for e in container.env_entries if "valueFrom" not in e}


def assert_git_sync(
    rendered: Rendered,
    *,
    repo: str,
    ref: str,
    sub_path: str,
    interval: str = "60s",
    depth: int = 1,
    max_failures: int = 10,
    container_name: str = "git-sync",
    credentials_secret: str | None = None,
    ssh_key_secret: str | None = None,
) -> None:
    """git-sync is in the right pods, fetches what was asked for in every git-sync version, and Airflow reads it there.

    ``credentials_secret`` (https) and ``ssh_key_secret`` say how it logs in; with neither, it must not log in at all.
    """
    problems: list[str] = []
    places = git_sync_places(rendered)
    for pod in rendered.pods:
        found = {c.init for c in pod.containers if c.role == "git-sync"}
        if pod.kind == "PodTemplate":
            wanted = (True, False)
        elif pod.component == "worker":
            wanted = (True, True)
        else:
            wanted = places.get(pod.component, (False, False))
        if (True in found, False in found) != wanted:
            problems.append(f"{pod.where}: git-sync (init, running) is {(True in found, False in found)}, not {wanted}")
    for container in rendered.containers("git-sync"):
        problems += _git_sync_problems(
            container,
            repo=repo,
            ref=ref,
            interval=interval,
            depth=depth,
            max_failures=max_failures,
            container_name=container_name,
            credentials_secret=credentials_secret,
            ssh_key_secret=ssh_key_secret,
        )
        problems += _dags_mount_problems(container)
    if not rendered.containers("git-sync"):
        problems.append("no git-sync container is rendered")
    folder = "/opt/airflow/dags/repo" + (f"/{sub_path}" if sub_path else "")
    seen = rendered.airflow_cfg.get("core", "dags_folder", fallback="")
    if seen.rstrip("/") != folder:
        problems.append(f"airflow.cfg: dags_folder is {seen!r}, not {folder!r}")
    _fail_on(problems)


def _git_sync_problems(
    container: Container,
    *,
    repo: str,
    ref: str,
    interval: str,
    depth: int,
    max_failures: int,
    container_name: str,
    credentials_secret: str | None,
    ssh_key_secret: str | None,
) -> list[str]:
    where = container.where
    problems = []
    if container.name != container_name + ("-init" if container.init else ""):
        problems.append(f"{where}: the container is not named after {container_name!r}")
    tag = container.image.rpartition(":")[2]
    if tag not in KNOWN_VERSIONS:
        problems.append(f"{where}: no model of git-sync image {container.image!r}")
    for version in KNOWN_VERSIONS:
        try:
            real = effective(_plain_env(container), version)
        except GitSyncError as error:
            problems.append(f"{where} with {version}: {error}")
            continue
        wanted = {
            "repo": repo,
            "ref": ref,
            "depth": depth,
            "max_failures": max_failures,
            "period_seconds": seconds(interval),
            "root": "/git",
            "link": "repo",
            "one_time": container.init,
            "ssh": ssh_key_secret is not None,
        }
        for name, value in wanted.items():
            if getattr(real, name) != value:
                problems.append(f"{where} with {version}: {name} is {getattr(real, name)!r}, not {value!r}")
        if ssh_key_secret is not None and not real.known_hosts:
            problems.append(f"{where} with {version}: host keys are not verified")
    return problems + _login_problems(container, credentials_secret, ssh_key_secret)


def _login_problems(container: Container, credentials_secret: str | None, ssh_key_secret: str | None) -> list[str]:
    where = container.where
    problems = []
    for name in ("GIT_SYNC_USERNAME", "GITSYNC_USERNAME", "GIT_SYNC_PASSWORD", "GITSYNC_PASSWORD"):
        source = (container.env.get(name, {}).get("valueFrom") or {}).get("secretKeyRef")
        wanted = None if credentials_secret is None else {"name": credentials_secret, "key": name}
        if source != wanted:
            problems.append(f"{where}: {name} comes from {source}, not {wanted}")
    volumes = {v["name"]: v for v in container.pod.spec.get("volumes") or []}
    mounts = {m["mountPath"]: m for m in container.spec.get("volumeMounts") or []}
    key_mount = mounts.get("/etc/git-secret/ssh")
    if ssh_key_secret is None:
        if key_mount is not None:
            problems.append(f"{where}: an ssh key is mounted")
        return problems
    secret = (volumes.get(key_mount["name"], {}).get("secret") or {}).get("secretName") if key_mount else None
    if secret != ssh_key_secret or key_mount is None or key_mount.get("subPath") != "gitSshKey":
        problems.append(f"{where}: the ssh key comes from Secret {secret!r}, not key gitSshKey of {ssh_key_secret!r}")
    hosts_mount = mounts.get("/etc/git-secret/known_hosts")
    if hosts_mount is None or "configMap" not in volumes.get(hosts_mount["name"], {}):
        problems.append(f"{where}: known_hosts is not mounted from the ConfigMap")
    return problems


def _dags_mount_problems(container: Container) -> list[str]:
    """git-sync writes the volume that the Airflow containers of its pod read as the DAG folder."""
    pod = container.pod
    written = {m["name"] for m in container.spec.get("volumeMounts") or [] if m["mountPath"] == "/git"}
    if len(written) != 1:
        return [f"{container.where}: /git is not a mounted volume"]
    if not written <= {v["name"] for v in pod.spec.get("volumes") or []}:
        return [f"{container.where}: the pod has no volume {sorted(written)}"]
    readers = [
        c
        for c in pod.containers
        if not c.init
        for m in c.spec.get("volumeMounts") or []
        if m["name"] in written and m["mountPath"] == "/opt/airflow/dags"
    ]
    return [] if readers else [f"{pod.where}: no container reads the DAGs that git-sync writes"]


def assert_ingress(
    rendered: Rendered,
    *,
    host: str,
    tls_secret: str | None,
    class_name: str | None = None,
    annotations: Mapping[str, str] | None = None,
    path: str = "/",
    path_type: str = "Prefix",
) -> None:
    """There is one Ingress, for that host with that TLS Secret, and it leads to a container that listens.

    The backend names a rendered Service and one of its ports, and a rendered pod carries the Service's selector and opens
    the port that the Service aims at.
    """
    ingresses = rendered.find("Ingress")
    assert len(ingresses) == 1, f"{len(ingresses)} Ingress objects, not one"
    spec = ingresses[0]["spec"]
    problems = []
    hosts = [rule.get("host") for rule in spec.get("rules") or []]
    if hosts != [host]:
        problems.append(f"the rules are for {hosts}, not {host!r}")
    tls = spec.get("tls") or []
    wanted_tls = [] if tls_secret is None else [{"hosts": [host], "secretName": tls_secret}]
    if tls != wanted_tls:
        problems.append(f"tls is {tls}, not {wanted_tls}")
    if spec.get("ingressClassName") != class_name:
        problems.append(f"ingressClassName is {spec.get('ingressClassName')!r}, not {class_name!r}")
    seen = ingresses[0]["metadata"].get("annotations") or {}
    for name, value in (annotations or {}).items():
        if seen.get(name) != value:
            problems.append(f"annotation {name} is {seen.get(name)!r}, not {value!r}")
    paths = [
        (p.get("path"), p.get("pathType"), p["backend"]) for r in spec.get("rules") or [] for p in r["http"]["paths"]
    ]
    if [(p, kind) for p, kind, _ in paths] != [(path, path_type)]:
        problems.append(f"the paths are {[(p, kind) for p, kind, _ in paths]}, not {[(path, path_type)]}")
    for _, _, backend in paths:
        problems += _backend_problems(rendered, backend["service"])
    _fail_on(problems)


def _backend_problems(rendered: Rendered, backend: Mapping[str, Any]) -> list[str]:
    services = rendered.find("Service", backend["name"])
    if len(services) != 1:
        return [f"the backend Service {backend['name']!r} is not rendered"]
    spec = services[0]["spec"]
    ports = [p for p in spec["ports"] if backend["port"] in ({"name": p.get("name")}, {"number": p["port"]})]
    if len(ports) != 1:
        return [f"Service {backend['name']} has no port {backend['port']}"]
    selector = spec["selector"]
    pods = [pod for pod in rendered.pods if selector.items() <= pod.labels.items() and pod.kind != "PodTemplate"]
    if not pods:
        return [f"Service {backend['name']} selects no rendered pod"]
    target = ports[0].get("targetPort", ports[0]["port"])
    opened = [p for pod in pods for c in pod.containers if not c.init for p in c.spec.get("ports") or []]
    if not any(target in (p.get("name"), p["containerPort"]) for p in opened):
        return [f"no container opens port {target!r} of Service {backend['name']}"]
    return []


BUNDLED_COMPONENTS = frozenset(("redis", "flower", "pgbouncer", "postgresql", "create-user-job"))
"""Component labels of what the platform never lets the chart install."""


def assert_no_bundled(
    rendered: Rendered,
    *,
    secrets: Collection[str] = (),
    claims: Collection[str] = (),
    asked_for: Collection[str] = (),
    claim_templates: bool = False,
) -> None:
    """The chart made no database, no broker, no keys, no default user and no claim template, except what was asked for.

    No Secret and no claim is rendered at all, except those named; so ``<release>-broker-url`` and keys that are new with
    each rendering are caught whatever their name is.
    """
    problems = []
    for manifest in rendered.manifests:
        kind, name = str(manifest["kind"]), str(manifest["metadata"]["name"])
        labels = manifest["metadata"].get("labels") or {}
        parts = {
            labels.get("component"),
            labels.get("app.kubernetes.io/name"),
            labels.get("app.kubernetes.io/component"),
        }
        bundled = parts & BUNDLED_COMPONENTS | {part for part in ("postgresql", "redis") if part in name}
        if bundled - set(asked_for) and kind != "ServiceAccount":
            problems.append(f"{kind}/{name}: bundled component")
        if kind == "Secret" and name not in secrets:
            problems.append(f"Secret/{name}: made by the chart")
        if kind == "PersistentVolumeClaim" and name not in claims:
            problems.append(f"PersistentVolumeClaim/{name}: made by the chart")
        if kind == "StatefulSet" and manifest["spec"].get("volumeClaimTemplates") and not claim_templates:
            problems.append(f"StatefulSet/{name}: volumeClaimTemplates, which an upgrade cannot change")
    _fail_on(problems)


def assert_requests_everywhere(rendered: Rendered, *, limits: Collection[str] = ("memory",)) -> None:
    """Every container and init container of every pod requests CPU and memory and has a memory limit."""
    problems = []
    for container in rendered.containers():
        resources = container.spec.get("resources") or {}
        for block, names in (("requests", ("cpu", "memory")), ("limits", tuple(limits))):
            for name in names:
                if not (resources.get(block) or {}).get(name):
                    problems.append(f"{container.where}: no {name} in {block}")
    _fail_on(problems)


def assert_restricted(rendered: Rendered) -> None:
    """Every pod passes the Pod Security Standard ``restricted``, as Kubernetes 1.34 states it (Linux pods)."""
    problems: list[str] = []
    for pod in rendered.pods:
        problems += _restricted_pod(pod)
        for container in pod.containers:
            problems += _restricted_container(container)
    assert rendered.pods, "no pod is rendered"
    _fail_on(problems)


def _restricted_pod(pod: Pod) -> list[str]:
    problems = []
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(name):
            problems.append(f"{pod.where}: {name}")
    context = pod.spec.get("securityContext") or {}
    allowed_sysctls = ("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start")
    for sysctl in context.get("sysctls") or []:
        if sysctl["name"] not in (*allowed_sysctls, "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range"):
            problems.append(f"{pod.where}: sysctl {sysctl['name']}")
    if context.get("runAsUser") == 0:
        problems.append(f"{pod.where}: runAsUser 0")
    if context.get("runAsNonRoot") is False:
        problems.append(f"{pod.where}: runAsNonRoot false")
    for volume in pod.spec.get("volumes") or []:
        for kind in set(volume) - {"name"} - RESTRICTED_VOLUMES:
            problems.append(f"{pod.where}: volume {volume['name']} of type {kind}")
    return problems


def _restricted_container(container: Container) -> list[str]:
    where, spec = container.where, container.spec
    pod_context = container.pod.spec.get("securityContext") or {}
    context = spec.get("securityContext") or {}
    problems = []
    if context.get("privileged"):
        problems.append(f"{where}: privileged")
    if context.get("allowPrivilegeEscalation") is not False:
        problems.append(f"{where}: allowPrivilegeEscalation is not false")
    capabilities = context.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or []):
        problems.append(f"{where}: capabilities are not dropped")
    for added in set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}:
        problems.append(f"{where}: capability {added} added")
    if context.get("runAsNonRoot", pod_context.get("runAsNonRoot")) is not True:
        problems.append(f"{where}: runAsNonRoot is not true")
    if context.get("runAsUser") == 0:
        problems.append(f"{where}: runAsUser 0")
    profile = (context.get("seccompProfile") or pod_context.get("seccompProfile") or {}).get("type")
    if profile not in ("RuntimeDefault", "Localhost"):
        problems.append(f"{where}: seccompProfile is {profile!r}")
    if context.get("procMount", "Default") != "Default":
        problems.append(f"{where}: procMount {context['procMount']}")
    for level in (context, pod_context):
        if (level.get("appArmorProfile") or {}).get("type", "RuntimeDefault") == "Unconfined":
            problems.append(f"{where}: AppArmor unconfined")
        linux = level.get("seLinuxOptions") or {}
        if linux.get("user") or linux.get("role"):
            problems.append(f"{where}: SELinux user or role")
    for port in spec.get("ports") or []:
        if port.get("hostPort"):
            problems.append(f"{where}: hostPort {port['hostPort']}")
    return [*problems, *_probe_hosts(where, spec)]


def _probe_hosts(where: str, spec: dict[str, Any]) -> list[str]:
    """Probes and hooks that name a host, which the standard does not allow."""
    problems = []
    hooks = spec.get("lifecycle") or {}
    actions = [spec.get(p) or {} for p in ("livenessProbe", "readinessProbe", "startupProbe")]
    actions += [hooks.get(h) or {} for h in ("postStart", "preStop")]
    for action in actions:
        for kind in ("httpGet", "tcpSocket"):
            if (action.get(kind) or {}).get("host"):
                problems.append(f"{where}: a probe or hook names a host")
    return problems


def assert_same_bytes(first: Rendered, second: Rendered) -> None:
    """Two renderings are the same text; the first line that differs is shown."""
    if first.text == second.text:
        return
    one, two = first.text.splitlines(), second.text.splitlines()
    for number, (a, b) in enumerate(zip(one, two, strict=False), start=1):
        assert a == b, f"line {number} differs: {a!r} and {b!r}"
    raise AssertionError(f"the texts differ: {len(one)} and {len(two)} lines")


def assert_strict_kinds(
    rendered: Rendered, *, kubernetes: Collection[str] = ("1.30", "1.34"), custom: Collection[str] = ()
) -> None:
    """Every object of a built-in kind, and the task pod, is valid for those Kubernetes versions; no unknown field.

    A kind without a schema is an error unless it is named in ``custom``: a removed API must not pass in silence.
    """
    problems = []
    objects: list[Mapping[str, Any]] = list(rendered.manifests)
    if rendered.pod_template is not None:
        objects.append(rendered.pod_template)
    for manifest in objects:
        where = f"{manifest['kind']}/{manifest['metadata']['name']}"
        for version in kubernetes:
            try:
                kubernetes_validate.validate(manifest, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                problems.append(f"{where} with Kubernetes {version}: {error.message}")
            except kubernetes_validate.SchemaNotFoundError:
                if manifest["kind"] not in custom:
                    problems.append(f"{where}: Kubernetes {version} has no {manifest['apiVersion']} {manifest['kind']}")
    _fail_on(problems)
