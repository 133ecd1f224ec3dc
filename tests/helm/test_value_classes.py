"""The classes of keys, compared with what Helm renders: a free key changes something and breaks no reference, a key without effect
changes nothing.

By default each platform is rendered with its keys set together: once with all free keys that hold a text, a number or a list, and
once with all keys without effect. A few of the others, such as switches, are set alone.

With ``CDK8S_AIRFLOW_SWEEP=all`` every free key and every key without effect is set alone. These are 32,000 renderings for the 64
platforms. One takes 0.25 to 0.4 seconds, so the sweep takes two to four hours. ``-k 1.22.0-3.2.2`` selects the platforms of one
pair of versions, which take 20 to 35 minutes.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from cdk8s_airflow import (
    AdminAccount,
    ApiServer,
    BasicAuthSecret,
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryKubernetesExecutor,
    CeleryWorkers,
    DagImage,
    DagProcessor,
    DatabaseCleanup,
    ExternalBroker,
    ExternalDatabase,
    Flower,
    FlowerAuthSecret,
    Hpa,
    Ingress,
    Keda,
    KubernetesExecutor,
    LocalExecutor,
    Logs,
    MultipleExecutors,
    OtelCollector,
    PgBouncer,
    PgBouncerSecret,
    PodCleanup,
    RedisBroker,
    RedisPasswordSecret,
    SecretKey,
    Triggerer,
    Volume,
)
from cdk8s_airflow.airflow.pipeline import CompiledRelease, compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.given_values import given_value_rules
from cdk8s_airflow.airflow.wire.tree import overlay
from cdk8s_airflow.schemas import facts_store, value_classes
from cdk8s_airflow.schemas.setting import Setting
from cdk8s_airflow.schemas.validation_errors import knows
from cdk8s_airflow.schemas.value_classes import Key, ValueClass, Values
from cdk8s_airflow.text.documents import dotted
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, git, release
from tests.helm.references import dangling
from tests.helm.rendering import Rendered, render_text
from tests.helm.value_samples import TOKEN, keys, nested, sample

SWEEP = os.environ.get("CDK8S_AIRFLOW_SWEEP") == "all"
ALONE = 3
"""How many free keys of each platform are set alone by default."""

pytestmark = pytest.mark.usefixtures("charts")

_BROKER = BrokerUrlSecret("broker")
_REDIS = RedisBroker(password=RedisPasswordSecret("redis"), url=_BROKER)
_STORED_REDIS = RedisBroker(password=RedisPasswordSecret("redis"), url=_BROKER, storage=Volume("2Gi"))
_POOLED = ExternalDatabase(
    host="db.example.com",
    password=SecretKey("airflow-database", "password"),
    pooling=PgBouncer(credentials=PgBouncerSecret("pgbouncer")),
).connection()

COMPANIONS: tuple[tuple[str, Any], ...] = (
    ("kerberos.enabled", True),
    ("workers.kerberosSidecar.enabled", True),
    ("workers.kerberosInitContainer.enabled", True),
    ("workers.celery.kerberosSidecar.enabled", True),
    ("workers.celery.kerberosInitContainer.enabled", True),
    ("workers.kubernetes.kerberosSidecar.enabled", True),
    ("workers.kubernetes.kerberosInitContainer.enabled", True),
    ("workers.persistence.fixPermissions", True),
    ("workers.celery.persistence.fixPermissions", True),
    ("scheduler.serviceAccount.automountServiceAccountToken", False),
    ("scheduler.serviceAccount.serviceAccountTokenVolume.enabled", True),
    ("cleanup.serviceAccount.automountServiceAccountToken", False),
    ("cleanup.serviceAccount.serviceAccountTokenVolume.enabled", True),
    ("apiServer.apiServerConfig", "AUTH_TYPE = 1\n"),
    ("webserver.webserverConfig", "AUTH_TYPE = 1\n"),
    ("dags.gitSync.recommendedProbeSetting", True),
    ("dags.gitSync.livenessProbe.enabled", True),
    ("ingress.flower.enabled", True),
    ("ingress.statsd.enabled", True),
    ("ingress.pgbouncer.enabled", True),
    ("redis.service.type", "NodePort"),
)
"""Keys without which other free keys have no effect."""

UNREAD: Mapping[str, str] = {
    "data.resultBackendConnection.*": "the chart takes these keys only all together",
    "kerberos.*": "airflow.cfg has the options of section kerberos, which no component reads without Kerberos",
    "ingress.flower.path": "airflow.cfg has the option for Flower, which does not run",
    "webserver.service.loadBalancerIP": "Kubernetes reads it only for a Service of type LoadBalancer",
    "apiServer.service.loadBalancerIP": "Kubernetes reads it only for a Service of type LoadBalancer",
}
"""Keys without effect that cannot be tried alone, or that change the output, and why."""


@dataclass(frozen=True)
class Platform:
    """A release that keys are tried on.

    Attributes:
        name: for messages.
        settings: its arguments.
        given: what ``values=`` sets already.
    """

    name: str
    settings: ReleaseSettings
    given: Mapping[str, Any]

    @property
    def chart(self) -> str:
        return self.settings.dialect.chart

    @functools.cached_property
    def ours(self) -> dict[str, Any]:
        return compile_release(self.settings).values_from_arguments

    def compiled(self, given: Mapping[str, Any]) -> CompiledRelease:
        """The release with ``values=``."""
        return compile_release(replace(self.settings, values=given))

    def classify(self, key: Key, value: object) -> ValueClass:
        return value_classes.classify(key, value, self._values(overlay(self.given, nested(key, value))))

    def _values(self, given: Mapping[str, Any]) -> Values:
        setting = Setting(chart=self.chart, airflow=self.settings.dialect.airflow, executor=self.settings.executor.name)
        return Values(setting, overlay(self.ours, given), facts_store.default_values(self.chart), self.ours)

    def sample(self, key: Key) -> Any:
        """A valid value of a key that the release does not have."""
        for tree in (self.given, self.ours, facts_store.default_values(self.chart)):
            found: Any = tree
            for step in key:
                found = found.get(step) if isinstance(found, dict) else None
            if found is not None:
                break
        value, ours = sample(self.chart, key, found), value_classes.value_at(self.ours, key)
        # A list replaces that of the arguments, so it must contain their entries.
        return [*ours, *value] if isinstance(ours, list) and isinstance(value, list) else value

    @functools.cached_property
    def refused(self) -> Mapping[str, str]:
        """The keys of ``values=`` that must not be set in this release, dotted, and the rule that refuses each."""
        values, schema = self._values(self.given), facts_store.values_schema(self.chart)
        found = given_value_rules(self.settings, self.ours, self.given, values, schema)
        return {finding.at.removeprefix("values."): finding.rule for finding in found}

    def with_key(self, key: Key, value: object) -> Platform:
        """The platform with one more key."""
        return Platform(self.name, self.settings, overlay(self.given, nested(key, value)))

    def accepting(self, key: Key, value: object) -> Platform:
        """The platform without those keys that the library refuses next to another one.

        Without Kerberos, for example, it refuses the sidecars for Kerberos.
        """
        if not self.given:
            return self
        given = _without(self.given, self.with_key(key, value).refused.keys() - self.refused.keys())
        return self if given == self.given else Platform(self.name, self.settings, given).accepting(key, value)

    def trial(self, key: Key, value: Any) -> tuple[Platform, Any]:
        """The platform without a key, and the value to set.

        A companion whose opposite would be refused is removed, and then set as it is.
        """
        base, mine = self.accepting(key, value), value_classes.value_at(self.given, key)
        if mine is value_classes.MISSING or not base.refuses(key, value):
            return base, value
        return Platform(self.name, self.settings, _without(self.given, {dotted(key)})), mine

    def refuses(self, key: Key, value: object) -> bool:
        """Whether the library refuses a key, a section that contains it, or keys below it.

        That a probe needs a handler is no matter of one key.
        """
        mine = dotted(key)
        return any(
            f"{longer}.".startswith((f"{shorter}.", f"{shorter}["))
            for each, rule in self.with_key(key, value).refused.items()
            if rule != "values/probe"
            for shorter, longer in ((mine, each), (each, mine))
        )

    @functools.cached_property
    def plain(self) -> str:
        """What Helm renders before another key is set."""
        return self.text(self.compiled(self.given))

    @functools.cached_property
    def known(self) -> set[str]:
        """The references that lead nowhere before another key is set, such as Secrets that users create."""
        return self.broken(self.compiled(self.given), self.plain)

    def text(self, compiled: CompiledRelease) -> str:
        """What Helm renders."""
        release_, namespace = self.settings.release, self.settings.namespace
        return render_text(compiled.values, self.chart, release=release_, namespace=namespace)

    def broken(self, compiled: CompiledRelease, text: str) -> set[str]:
        """References that lead nowhere: between objects, and from network policies to pods."""
        rendered = Rendered.parse(text, release=self.settings.release, namespace=self.settings.namespace)
        ours = tuple(compiled.objects.values())
        pods = dataclasses.replace(rendered, manifests=(*rendered.manifests, *ours)).pods
        lost = {
            f"network policies: no pod is {group.name}"
            for group in compiled.traffic.workloads
            if not any(group.labels.items() <= pod.labels.items() for pod in pods)
        }
        keytab = f"there is no Secret {self.settings.release}-kerberos-keytab"  # the chart asks its user for it
        return {each for each in dangling(rendered, ours) | lost if TOKEN not in each and not each.endswith(keytab)}


def _without(tree: Mapping[str, Any], removed: set[str], at: Key = ()) -> dict[str, Any]:
    """A tree without some keys, which are dotted."""
    kept = {step: each for step, each in tree.items() if dotted((*at, step)) not in removed}
    return {
        step: _without(each, removed, (*at, step)) if isinstance(each, Mapping) else each for step, each in kept.items()
    }


def _arguments(pair: Pair) -> Iterator[tuple[str, dict[str, Any]]]:
    chart = pair[0]
    split = chart in ("1.20.0", "1.22.0")
    yield (
        "kubernetes",
        {
            "executor": KubernetesExecutor(),
            "dags": git(),
            "cleanup": PodCleanup(),
            "ui": Ingress(host="airflow.example.com"),
        },
    )
    yield (
        "celery",
        {
            "executor": CeleryExecutor(broker=_STORED_REDIS, workers=CeleryWorkers(storage=Volume("3Gi"))),
            "flower": Flower(credentials=FlowerAuthSecret("flower")),
            "admin": AdminAccount(credentials=BasicAuthSecret("admin"), email="admin@example.com"),
            "dags": git(),
            "dag_processor": DagProcessor(),
            "database_cleanup": DatabaseCleanup(),
            "logs": Logs.s3("logs"),
        },
    )
    yield (
        "local",
        {
            "executor": LocalExecutor(),
            "logs": Logs.existing_claim("logs"),
            "dags": DagImage("registry.example.com/airflow", tag="1"),
        },
    )
    several = chart != "1.15.0" and pair[1] != "2.9.3"
    scaled = split or (pair not in WITH_AIRFLOW_3 and chart != "1.15.0")
    yield (
        "both",
        {
            "executor": MultipleExecutors(CeleryExecutor(broker=_REDIS), KubernetesExecutor())
            if several
            else CeleryKubernetesExecutor(broker=_REDIS),
            "flower": Flower(credentials=FlowerAuthSecret("flower")),
            "database": _POOLED,
            "dags": git(),
            "cleanup": PodCleanup(),
            "dag_processor": DagProcessor(),
            **({"api_server": ApiServer(scaling=Hpa(max_replicas=3))} if scaled else {}),
            **(
                {
                    "otel_collector": OtelCollector(
                        exporters={"otlphttp": {"endpoint": "http://tempo:4318"}}, traces=True, metrics=False
                    )
                }
                if chart == "1.22.0"
                else {}
            ),
        },
    )
    yield (
        "keda",
        {
            "executor": CeleryExecutor(
                broker=ExternalBroker(url=_BROKER), workers=CeleryWorkers(scaling=Keda(max_replicas=5))
            ),
            "triggerer": Triggerer(scaling=Keda(max_replicas=4)),
            "statsd": None,
        },
    )


@functools.cache
def platforms(pair: Pair) -> tuple[Platform, ...]:
    """Platforms with each executor, and three of them with the companions that their versions have."""
    made = [Platform(name, release(pair, **given), {}) for name, given in _arguments(pair)]
    for plain in made:
        assert not compile_release(plain.settings).setting_findings, plain.name
    return (*made, *(_with_companions(plain) for plain in made if plain.name in ("kubernetes", "celery", "both")))


def _with_companions(plain: Platform) -> Platform:
    given: dict[str, Any] = {}
    schema = facts_store.values_schema(plain.chart)
    split = knows(schema, ("workers", "celery"))
    for name, value in COMPANIONS:
        path = tuple(name.split("."))
        if all(knows(schema, path[: length + 1]) for length in range(len(path))) and not (
            split and path[0] == "workers" and path[1] not in ("celery", "kubernetes")
        ):
            more = Platform(plain.name, plain.settings, overlay(given, nested(path, value)))
            if _is_companion(more, path, value):
                given = overlay(given, nested(path, value))
    # Each of the two probes needs the other.
    return Platform(f"{plain.name} with companions", plain.settings, given)


def _is_companion(platform: Platform, path: Key, value: object) -> bool:
    told = platform.classify(path, value)
    return (
        told.kind == "free"
        or path[:2] == ("dags", "gitSync")
        or ("serviceAccount" in path and told.kind != "no effect")
    )


EVERY = [
    pytest.param(pair, number, id=f"{called(pair)}-{name}")
    for pair in PAIRS
    for number, name in enumerate([*(name for name, _ in _arguments(pair)), "kubernetes+", "celery+", "both+"])
]
every_platform = pytest.mark.parametrize(("pair", "number"), EVERY)


def classes(platform: Platform) -> Iterator[tuple[Key, Any, ValueClass]]:
    """Every key of the platform's chart, a value for it, and its class."""
    for key in keys(platform.chart):
        value = platform.sample(key)
        yield key, value, platform.classify(key, value)


def chosen(found: list[tuple[Key, Any]], together: Callable[[Key], bool], seed: str) -> list[tuple[Key, Any]]:
    """All of them in a sweep; else a few that are not also tried together, the same in every run."""
    if SWEEP:
        return found
    alone = [(key, value) for key, value in found if not together(key)]
    return random.Random(seed).sample(alone, min(ALONE, len(alone)))


def wrong_if_free(platform: Platform, key: Key, value: Any) -> Iterator[str]:
    """What is wrong if the key is free: nothing changes, a reference breaks, or the library refuses it."""
    base, value = platform.trial(key, value)
    compiled = base.compiled(overlay(base.given, nested(key, value)))
    text = base.text(compiled)
    if text == base.plain:
        yield "nothing changes"
    else:
        yield from sorted(base.broken(compiled, text) - base.known)
    if base.refuses(key, value):
        yield "it is refused"


def wrong_if_idle(platform: Platform, key: Key, value: Any) -> Iterator[str]:
    """What is wrong if the key has no effect: the output changes, or the library accepts it."""
    if platform.text(platform.compiled(overlay(platform.given, nested(key, value)))) != platform.plain:
        yield "the output changes"
    if not platform.refuses(key, value):
        yield "it is accepted"


def free_keys(platform: Platform) -> list[tuple[Key, Any]]:
    """The free keys of a platform with a value, without those that have an effect only together with others."""
    return [
        (key, value)
        for key, value, told in classes(platform)
        if told.kind == "free" and not _is_overridden(platform, key)
    ]


def idle_keys(platform: Platform) -> list[tuple[Key, Any]]:
    """The keys without effect of a platform with a value."""
    return [
        (key, value)
        for key, value, told in classes(platform)
        if told.kind == "no effect" and not told.harm and not _is_unread(key)
    ]


@every_platform
def test_a_free_key_alone_changes_the_output_and_breaks_no_reference(pair: Pair, number: int) -> None:
    platform = platforms(pair)[number]
    tried = chosen(free_keys(platform), functools.partial(_has_mark, platform), f"{pair}{number}")
    wrong = {".".join(key): list(wrong_if_free(platform, key, value)) for key, value in tried}
    assert {key: problems for key, problems in wrong.items() if problems} == {}


@every_platform
def test_a_key_without_effect_changes_nothing_and_is_refused(pair: Pair, number: int) -> None:
    platform = platforms(pair)[number]
    tried = chosen(idle_keys(platform), _is_no_switch, f"{number}{pair}")
    wrong = {".".join(key): list(wrong_if_idle(platform, key, value)) for key, value in tried}
    assert {key: problems for key, problems in wrong.items() if problems} == {}


def _is_no_switch(key: Key) -> bool:
    return key[-1] != "enabled"


@every_platform
def test_all_keys_without_effect_together_change_nothing(pair: Pair, number: int) -> None:
    """All but switches, which would give other keys an effect."""
    platform = platforms(pair)[number]
    idle = [(key, value) for key, value in idle_keys(platform) if _is_no_switch(key)]
    given = functools.reduce(overlay, (nested(key, value) for key, value in idle), platform.given)
    assert platform.text(platform.compiled(given)) == platform.plain


def _is_overridden(platform: Platform, key: Key) -> bool:
    """Whether a key of all workers is already set for one kind of them."""
    workers = platform.given.get("workers", {})
    return key[0] == "workers" and any(_has(workers.get(kind, {}), key[1:]) for kind in ("celery", "kubernetes"))


def _has(tree: Any, path: Key) -> bool:
    for step in path:
        if not isinstance(tree, Mapping) or step not in tree:
            return False
        tree = tree[step]
    return True


def _is_unread(key: Key) -> bool:
    return any(re.fullmatch(pattern.replace("*", ".*"), ".".join(key)) for pattern in UNREAD)


@every_platform
def test_all_free_keys_together_reach_the_output_and_break_no_reference(pair: Pair, number: int) -> None:
    """Texts, numbers and lists, each with a value of its own that is then looked for; switches are left as they are."""
    platform = platforms(pair)[number]
    marked = [(key, *_marked(platform, key, index)) for index, (key, _) in enumerate(free_keys(platform))]
    tried = [(key, value, mark) for key, value, mark in marked if mark and not _conflicts(platform.chart, key)]
    given = functools.reduce(overlay, (nested(key, value) for key, value, _ in tried), platform.given)
    together = replace(platform, given=given)
    compiled = together.compiled(given)
    text = together.text(compiled)
    assert [".".join(key) for key, _, mark in tried if mark not in text] == []
    assert together.broken(compiled, text) - platform.known == set()
    assert together.refused.keys() - platform.refused.keys() == set()


def _marked(platform: Platform, key: Key, index: int) -> tuple[Any, str]:
    """A value that holds a text or number which no other key has, and this mark."""
    value = platform.sample(key)
    if isinstance(value, int) and not isinstance(value, bool):
        bounded = "maximum" in keys(platform.chart)[key][0]
        return (value, "") if bounded else (70000 + index, str(70000 + index))
    mark = f"{TOKEN}{index}x"
    replaced = _replaced(value, mark)
    return replaced, mark if replaced != value else ""


def _has_mark(platform: Platform, key: Key) -> bool:
    """Whether a key is among those that are set together."""
    return bool(_marked(platform, key, 0)[1]) and not _conflicts(platform.chart, key)


def _replaced(value: Any, mark: str) -> Any:
    if isinstance(value, str):
        return value.replace(TOKEN, mark)
    if isinstance(value, list):
        return [_replaced(each, mark) for each in value]
    if isinstance(value, dict):
        return {_replaced(key, mark): _replaced(each, mark) for key, each in value.items()}
    return value


def _conflicts(chart: str, key: Key) -> bool:
    """Keys that take the effect from other free keys, or are a default that components override."""
    patterns = _CONFLICTS if chart in ("1.15.0", "1.18.0") else (*_CONFLICTS, r"workers\.(?!celery|kubernetes).*")
    return any(re.fullmatch(pattern, ".".join(key)) for pattern in patterns)


_CONFLICTS = (
    "podTemplate",
    "affinity",
    "tolerations",
    "topologySpreadConstraints",
    "schedulerName",
    "revisionHistoryLimit",
    "containerLifecycleHooks",
    "databaseCleanup.args",
    "redis.persistence.existingClaim",
    r"(webserver|apiServer)\.\w+ConfigConfigMapName",
    r"ingress\.\w+\.(host|tls\.secretName)",
)
"""Patterns of such keys."""


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_the_platforms_themselves_have_no_reference_that_leads_nowhere_but_to_what_users_create(pair: Pair) -> None:
    for platform in platforms(pair):
        broken = platform.known
        known = re.compile(r"Secret|secretKeyRef|no pod is task pods")
        assert [each for each in broken if not known.search(each)] == [], platform.name
