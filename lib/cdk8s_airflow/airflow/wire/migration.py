"""The migration of the database, and what has to be there before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, SharedResults
from cdk8s_airflow.airflow.wire.pod_settings import pod_values
from cdk8s_airflow.airflow.wire.security import CONTAINER
from cdk8s_airflow.airflow.wire.tree import Tree, join
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_need import ANY_KEY, SecretNeed
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.text.digest import digest

_IMAGE = '{{ template "airflow_image_for_migrations" . }}'
_SECRETS_FOLDER = "/etc/needed-secrets"
_PAUSE = 5

# A namespace may be called like a secret: "team-pw:$MISSING" is a variable for the scan of secrets, "team-pw:$missing" a literal.
_WAIT_FOR_SECRETS = """\
set -u
until [ "$SECONDS" -ge {patience} ]; do
  MISSING=""
  for key in {keys}; do
    [ -s "{folder}/$key" ] || MISSING="$MISSING $key"
  done
{whole}  [ -z "$MISSING" ] && exit 0
  echo "Waiting for these Secrets (name/key) in namespace {namespace}:$MISSING"
  sleep {pause}
done
echo "Gave up. These Secrets (name/key) are missing in namespace {namespace}:$MISSING"
exit 1
"""

_WAIT_FOR_ANY_KEY = """\
  for name in {names}; do
    [ -n "$(ls "{folder}/$name")" ] || MISSING="$MISSING $name"
  done
"""

_MIGRATE = """\
set -u
{direct}export PGCONNECT_TIMEOUT=5
timeout {patience} airflow db check --retry 10000 --retry-delay {pause} && code=0 || code=$?
if [ "$code" -eq 124 ]; then
  echo "Gave up: the database did not answer within {patience} seconds."
elif [ "$code" -ne 0 ]; then
  echo "Airflow failed with exit code $code before it reached the database; the error is printed above."
fi
[ "$code" -eq 0 ] || exit 1
unset PGCONNECT_TIMEOUT
exec airflow db migrate
"""

_DIRECT = """\
export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="${{AIRFLOW__DATABASE__SQL_ALCHEMY_CONN%@*}}@{place}"
export PGSSLMODE={tls}
"""

SECRETS_WAITER = Resources(cpu="10m", memory="32Mi", memory_limit="64Mi")
"""The resources of the container that waits for Secrets before the migration."""
_LONGEST_SECRET = 63 - len("secret-")
_CHECK_SECONDS = 5


def migration_values(shared: SharedResults) -> Tree:
    """A Job that names missing Secrets and waits for the database, for less than the delivery waits for the Job.

    A Secret that a container takes its environment from would keep it from starting, without a word in any log. So a
    container before it mounts them as optional volumes and looks. The image's entry point is bypassed by ``command``: it
    would give up on an absent database after some two minutes.
    """
    settings = shared.settings
    patience = settings.patience * 2 // 5
    secrets = needed_keys(settings, shared.needs)
    wait = _WAIT_FOR_SECRETS.format(
        patience=patience,
        keys=" ".join(f"{name}/{key}" for name, keys in secrets.items() for key in keys if key != ANY_KEY),
        whole=_whole(name for name, keys in secrets.items() if ANY_KEY in keys),
        folder=_SECRETS_FOLDER,
        namespace=settings.namespace,
        pause=_PAUSE,
    )
    volumes = [{"name": _volume_name(name), "secret": {"secretName": name, "optional": True}} for name in secrets]
    values: Tree = {
        **dict.fromkeys(_waiting_components(settings), waiting_values(settings)),
        "images": {"migrationsWaitTimeout": settings.patience},
        "migrateDatabaseJob": {
            "command": ["bash", "-c", _MIGRATE.format(patience=patience, pause=_PAUSE, direct=_direct(settings))],
            "args": [],
            "resources": resources(settings.migration.resources),
            "serviceAccount": {"automountServiceAccountToken": False},
            "extraVolumes": volumes,
            "extraInitContainers": [
                {
                    "name": "wait-for-secrets",
                    "image": _IMAGE,
                    **_pull_policy(settings),
                    "command": ["bash", "-c", wait],
                    "resources": resources(SECRETS_WAITER),
                    "securityContext": CONTAINER,
                    "terminationMessagePolicy": "FallbackToLogsOnError",
                    "volumeMounts": [
                        {"name": volume["name"], "mountPath": f"{_SECRETS_FOLDER}/{name}", "readOnly": True}
                        for volume, name in zip(volumes, secrets, strict=True)
                    ],
                }
            ],
        },
    }
    return join(values, {"migrateDatabaseJob": _job_values(settings)})


def _volume_name(secret: str) -> str:
    """The volume of a Secret, named after it, so that another Secret does not rename it. A volume name is a DNS label."""
    if len(secret) <= _LONGEST_SECRET and "." not in secret:
        return f"secret-{secret}"
    return f"secret-{secret.replace('.', '-')[: _LONGEST_SECRET - 9].rstrip('-')}-{digest(secret, 8)}"


def _direct(settings: ReleaseSettings) -> str:
    """The part of the script that goes past a pooler: a migration holds a lock as long as its session lasts.

    User and password stay as they are in the URL; only what stands after the last ``@`` is another server.
    """
    database = settings.database
    direct = database.direct if database.pgbouncer is None else database.address
    if direct is None:
        return ""
    return _DIRECT.format(place=direct.place, tls=database.tls)


def _job_values(settings: ReleaseSettings) -> Tree:
    """What was said of the Job; the chart calls annotations of its pod otherwise than those of other pods."""
    values = pod_values(settings.migration, env_read=settings.dialect.place("migration.env") is not None)
    if "podAnnotations" in values:
        values["annotations"] = values.pop("podAnnotations")
    return values


def waiting_values(settings: ReleaseSettings) -> Tree:
    """How often a component that waits for the migration tries the database before that, once in five seconds."""
    tries = str(settings.patience // _CHECK_SECONDS)
    return {"waitForMigrations": {"env": [{"name": "CONNECTION_CHECK_MAX_COUNT", "value": tries}]}}


def _whole(names: Iterable[str]) -> str:
    """The part of the script that waits for Secrets with keys that nobody here knows."""
    found = " ".join(names)
    return _WAIT_FOR_ANY_KEY.format(names=found, folder=_SECRETS_FOLDER) if found else ""


def _pull_policy(settings: ReleaseSettings) -> Tree:
    """The policy where it is not what Kubernetes takes for a tag that stays."""
    image = settings.airflow_image
    if image is None or image.pull_policy == "IfNotPresent":
        return {}
    return {"imagePullPolicy": image.pull_policy}


def _waiting_components(settings: ReleaseSettings) -> Iterator[str]:
    """The components that wait for the migration; their image's entry point counts tries at the database before that."""
    yield "scheduler"
    yield settings.dialect.place("ui_server") or ""
    if settings.triggerer is not None:
        yield "triggerer"
    if settings.dag_processor is not None:
        yield "dagProcessor"


def needed_keys(settings: ReleaseSettings, needs: Iterable[SecretNeed]) -> dict[str, tuple[str, ...]]:
    """Every Secret without which pods of the release do not start, with the keys they read, in a stable order."""
    needed = {need.name: tuple(need.keys) for need in needs if need.awaited and need.namespace == settings.namespace}
    needed.setdefault(settings.database.secret, (settings.database.secret_key,))
    return dict(sorted(needed.items()))


MIGRATION = Concept(values_from=migration_values)
"""The migration Job."""
