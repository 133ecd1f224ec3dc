"""The Job that migrates the database, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, SharedResults
from cdk8s_airflow.airflow.wire.pod_settings import pod_values, unsupported_rules
from cdk8s_airflow.airflow.wire.security import CONTAINER
from cdk8s_airflow.airflow.wire.tree import Tree, join
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_need import ANY_KEY, SecretNeed
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.kubernetes_names import LONGEST_LABEL

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
echo "Timed out. These Secrets (name/key) are missing in namespace {namespace}:$MISSING"
exit 1
"""

_WAIT_FOR_ANY_KEY = """\
  for name in {names}; do
    [ -n "$(ls "{folder}/$name")" ] || MISSING="$MISSING $name"
  done
"""

# The URL, or the password, is read from the mounted Secret before each attempt: a variable would keep a wrong one until the
# container ends.
_MIGRATE = """\
set -u
export PGCONNECT_TIMEOUT=5
code=124
until [ "$SECONDS" -ge {patience} ]; do
  start=$SECONDS
  left=$(({patience} - SECONDS))
  if [ -s {file} ]; then export {variable}="$(cat {file})"; fi
{direct}  timeout "$((left < 90 ? left : 90))" airflow db check --retry {tries} --retry-delay {pause} && code=0 || code=$?
  [ "$code" -ne 0 ] || break
  if [ "$code" -ne 124 ] && [ "$((SECONDS - start))" -lt {least} ]; then
    echo "Airflow failed with exit code $code before it reached the database; the error is printed above."
    exit 1
  fi
done
if [ "$code" -ne 0 ]; then
  echo "Timed out: no connection to the database within {patience} seconds; the last error is printed above."
  exit 1
fi
unset PGCONNECT_TIMEOUT
exec airflow db migrate
"""

_DIRECT = """\
  export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="${{AIRFLOW__DATABASE__SQL_ALCHEMY_CONN%@*}}@{place}" PGSSLMODE={tls}
"""

SECRETS_WAITER = Resources(cpu="10m", memory="32Mi", memory_limit="64Mi")
"""The resources of the container that waits for Secrets before the migration."""
_LONGEST_SECRET = LONGEST_LABEL - len("secret-")
_CHECK_SECONDS = 5
_TRIES = 6
"""How often one check of the database tries again, so that it takes at least half a minute where the database is the cause."""
_LONGEST_CHECK = 300
"""Seconds after which a container that waits for the database ends and starts again, with what its Secrets contain by then."""


def migration_values(shared: SharedResults) -> Tree:
    """A Job that prints the names of missing Secrets and waits for the database. It ends before the timeout of the delivery.

    If a Secret for environment variables is missing, a container does not start and has no log. So an init container mounts
    the Secrets as optional volumes and checks them. ``command`` bypasses the entry point of the image, which would exit after
    about two minutes without a database.
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
            "command": ["bash", "-c", _migrate(settings, patience)],
            "args": [],
            "resources": resources(settings.migration.resources),
            "serviceAccount": {"automountServiceAccountToken": False},
            "extraVolumes": volumes,
            "extraVolumeMounts": [
                {
                    "name": _volume_name(settings.database.secret),
                    "mountPath": f"{_SECRETS_FOLDER}/{settings.database.secret}",
                    "readOnly": True,
                }
            ],
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


def _migrate(settings: ReleaseSettings, patience: int) -> str:
    """The script of the migration itself."""
    database = settings.database
    return _MIGRATE.format(
        patience=patience,
        pause=_PAUSE,
        tries=_TRIES,
        least=_TRIES * _PAUSE,
        file=f"{_SECRETS_FOLDER}/{database.secret}/{database.secret_key}",
        variable="AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" if database.address is None else "PGPASSWORD",
        direct=_direct(settings),
    )


def _volume_name(secret: str) -> str:
    """The volume of a Secret, named after it, so that other Secrets do not change the name. A volume name is a DNS label."""
    if len(secret) <= _LONGEST_SECRET and "." not in secret:
        return f"secret-{secret}"
    return f"secret-{secret.replace('.', '-')[: _LONGEST_SECRET - 9].rstrip('-')}-{digest(secret, 8)}"


def _direct(settings: ReleaseSettings) -> str:
    """The part of the script that bypasses a pooler: a migration needs a lock that lasts as long as its session.

    User and password stay as they are in the URL; only the server after the last ``@`` is replaced.
    """
    database = settings.database
    direct = database.direct if database.pgbouncer is None else database.address
    if direct is None:
        return ""
    return _DIRECT.format(place=direct.place, tls=database.tls)


def _job_values(settings: ReleaseSettings) -> Tree:
    """The pod settings of the Job; its key for annotations differs from that of other components."""
    values = pod_values(settings, settings.migration, env_read=settings.dialect.place("migration.env") is not None)
    if "podAnnotations" in values:
        values["annotations"] = values.pop("podAnnotations")
    return values


def waiting_values(settings: ReleaseSettings) -> Tree:
    """How often the entry point of a component tries the database, every five seconds, before it waits for the migration.

    Then the container starts again, so that a corrected Secret is read.
    """
    tries = str(min(settings.patience, _LONGEST_CHECK) // _CHECK_SECONDS)
    return {"waitForMigrations": {"env": [{"name": "CONNECTION_CHECK_MAX_COUNT", "value": tries}]}}


def _whole(names: Iterable[str]) -> str:
    """The part of the script that waits for Secrets whose keys are not known at synth."""
    found = " ".join(names)
    return _WAIT_FOR_ANY_KEY.format(names=found, folder=_SECRETS_FOLDER) if found else ""


def _pull_policy(settings: ReleaseSettings) -> Tree:
    """The pull policy, if it differs from Kubernetes' default for a fixed tag."""
    image = settings.airflow_image
    if image is None or image.pull_policy == "IfNotPresent":
        return {}
    return {"imagePullPolicy": image.pull_policy}


def _waiting_components(settings: ReleaseSettings) -> Iterator[str]:
    """The components that wait for the migration. The entry point of their image first tries the database a number of times."""
    yield "scheduler"
    yield settings.dialect.place("ui_server") or ""
    if settings.triggerer is not None:
        yield "triggerer"
    if settings.dag_processor is not None:
        yield "dagProcessor"


def needed_keys(settings: ReleaseSettings, needs: Iterable[SecretNeed]) -> dict[str, tuple[str, ...]]:
    """Every Secret that pods of the release require to start, with the keys they read, in a stable order."""
    needed = {need.name: tuple(need.keys) for need in needs if need.awaited and need.namespace == settings.namespace}
    needed.setdefault(settings.database.secret, (settings.database.secret_key,))
    return dict(sorted(needed.items()))


def migration_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings for settings that this version of the chart ignores."""
    yield from unsupported_rules(settings.dialect, "migration", settings.migration, "env")


MIGRATION = Concept(values_from=migration_values, rules=migration_rules)
"""The migration Job."""
