"""Any combination of valid settings becomes values that the chart accepts; invalid settings are refused."""

from __future__ import annotations

import copy
import dataclasses
import os
import string
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import celpy
import pytest
import yaml
from hypothesis import HealthCheck, assume, event, example, given, settings
from hypothesis import strategies as st

from cdk8s_airflow.airflow.components import ApiServer, DagProcessor, Scheduler, Statsd, Triggerer
from cdk8s_airflow.airflow.exposure import ClusterIP, Ingress, IngressTls
from cdk8s_airflow.airflow.logs import Logs
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.dags.git_sync import GitRef, GitSubPath, GitSync, repository_rules
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import AirflowKeys, ConfigMapKey, GitTokenSecret, SecretKey
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.schemas import check_manifest, check_values
from cdk8s_airflow.text.yaml_writer import values_text
from cdk8s_airflow.validation import Finding, PlatformError, check_value
from cdk8s_airflow.validation.constraints import (
    Bytes,
    Count,
    Cpu,
    Duration,
    HostName,
    Label,
    ObjectName,
    Quantity,
    SecretName,
    SqlName,
    VersionText,
)
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, release
from tests.judging import judge
from tests.making import make_airflow, make_cluster, make_dags, new_chart
from tests.surface import any_settings, repaired
from tests.truth import assert_accepted
from tests.truth.manifests import Loader

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
"""Whether thousands of examples are tried, other ones each time; else a moderate number, always the same."""


def examples(number: int) -> settings:
    return settings(
        derandomize=not THOROUGH,
        max_examples=number * 25 if THOROUGH else number,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


SLOW = examples(80)
EDGE = examples(60)

# It raises Python's recursion limit, which Hypothesis takes ill of a test.
celpy.Environment()

LETTERS = string.ascii_lowercase
labels = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
hosts = st.lists(labels, min_size=1, max_size=4).map(".".join)
names = hosts
texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=30)
durations = st.builds("{}h{}m{}s".format, st.integers(0, 40), st.integers(1, 59), st.integers(0, 59))
counts = st.integers(1, 50)
repos = st.builds("https://{}/{}.git".format, hosts, labels)
refs = st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,20}(/[a-z0-9]{1,5})?", fullmatch=True).filter(
    lambda ref: ref != "HEAD"
)


@st.composite
def resources(draw: st.DrawFn) -> Resources:
    cpu, memory = draw(st.integers(1, 64_000)), draw(st.integers(1, 2**20))
    more_cpu, more_memory = draw(st.none() | st.integers(0, 1000)), draw(st.none() | st.integers(0, 2**20))
    return Resources(
        cpu=f"{cpu}m",
        memory=f"{memory}Mi",
        memory_limit=None if more_memory is None else f"{memory + more_memory}Mi",
        cpu_limit=None if more_cpu is None else f"{cpu + more_cpu}m",
    )


@st.composite
def sources(draw: st.DrawFn) -> GitSync:
    return GitSync(
        repo=draw(repos),
        ref=draw(refs),
        sub_path=draw(st.just("") | labels),
        interval=draw(durations),
        depth=draw(counts),
        max_failures=draw(st.integers(-1, 1000)),
        container_name=draw(labels.map(lambda name: f"git-{name}")),
        credentials=draw(st.none() | names.map(lambda name: GitTokenSecret(f"git.{name}"))),
        known_hosts=None,
        ca=draw(st.none() | st.builds(SecretKey, names, labels) | st.builds(ConfigMapKey, names, labels)),
        resources=draw(resources()),
    )


@st.composite
def ingresses(draw: st.DrawFn) -> Ingress:
    return Ingress(
        host=draw(hosts),
        class_name=draw(st.none() | labels),
        tls=draw(st.none() | st.builds(IngressTls, names.map(lambda name: f"tls.{name}"), st.none() | labels)),
        annotations=draw(st.dictionaries(labels.map(lambda key: f"example.com/{key}"), texts, max_size=3)),
    )


@st.composite
def releases(draw: st.DrawFn) -> ReleaseSettings:
    pair = draw(st.sampled_from(PAIRS))
    processor = st.builds(DagProcessor, replicas=counts, resources=resources())
    return release(
        pair,
        release=draw(labels.map(lambda name: name[:40].rstrip("-"))),
        namespace=draw(labels),
        keys=AirflowKeys.existing(prefix=draw(labels)),
        scheduler=draw(st.builds(Scheduler, replicas=counts, resources=resources(), startup_tolerance=durations)),
        api_server=draw(st.builds(ApiServer, replicas=counts, resources=resources(), startup_tolerance=durations)),
        triggerer=draw(st.none() | st.builds(Triggerer, replicas=counts, resources=resources())),
        dag_processor=draw(processor if pair in WITH_AIRFLOW_3 else st.none() | processor),
        statsd=draw(st.none() | st.builds(Statsd, resources=resources())),
        dags=draw(st.none() | sources()),
        ui=draw(st.just(ClusterIP()) | ingresses()),
        logs=draw(
            st.just(Logs.ephemeral())
            | names.map(Logs.existing_claim)
            | st.integers(1, 2**20).map(lambda size: Logs.claim(Volume(f"{size}Mi", storage_class="shared")))
        ),
        database=draw(
            st.sampled_from([("connection", "disable"), ("uri", "require"), ("connection", "prefer")]).flatmap(
                lambda source: names.map(
                    lambda name: DatabaseConnection(secret=f"db.{name}", secret_key=source[0], tls=source[1])  # type: ignore[arg-type]
                )
            )
        ),
        rotation=draw(st.none() | labels),
        delivery=draw(st.integers(10, 600).map(lambda minutes: K3sHelmChart(timeout=f"{minutes}m"))),
        facts=ClusterFacts(rwx_classes={"shared"}),
    )


@given(releases())
@SLOW
def test_sound_settings_give_values_that_their_chart_takes_and_that_read_back(given_settings: ReleaseSettings) -> None:
    dialect = given_settings.dialect
    for setting in (given_settings.ui, given_settings.scheduler, given_settings.keys, given_settings.delivery):
        assert check_value(setting, type(setting), "x") == []
    if given_settings.dags is not None:
        assert list(repository_rules(given_settings.dags)) == []
    assert compile_release(given_settings).setting_findings == ()
    values = compile_release(given_settings).values_from_arguments
    found = check_values(
        values, chart_version=dialect.chart, airflow_version=dialect.airflow, executor="KubernetesExecutor"
    )
    assert found == []
    text = values_text(values)
    assert yaml.load(text, Loader=Loader) == values
    assert values_text(compile_release(given_settings).values_from_arguments) == text
    for manifest in compile_release(given_settings).objects.values():
        assert check_manifest(manifest) == []
        assert_accepted([manifest])


def env_lists(values: Any, at: str = "") -> Iterator[tuple[str, list[str]]]:
    """Where values say environment variables of a container, and their names."""
    if isinstance(values, Mapping):
        for key, inner in values.items():
            if key == "env" and isinstance(inner, list):
                yield at, [entry["name"] for entry in inner]
            yield from env_lists(inner, f"{at}.{key}")
    elif isinstance(values, list):
        for inner in values:
            yield from env_lists(inner, f"{at}[]")


WITHOUT_SHARED = ("gitSync", "[]", ".cleanup")
"""Containers that the chart gives none of the variables that all others have."""


@given(any_settings())
@examples(150)
def test_the_chart_accepts_and_uses_the_values_of_any_settings(said: ReleaseSettings) -> None:
    sound, refused = repaired(said)
    for finding in refused:
        event(finding.rule)
    judged = judge(sound)
    assert judged.refusals == ()
    assert judged.against_values == ()
    text = values_text(judged.values)
    assert yaml.load(text, Loader=Loader) == judged.values
    assert values_text(judge(sound).values) == text
    shared = [
        *dict(env_lists(judged.values)).get("", []),
        *(entry["envName"] for entry in judged.values.get("secret", [])),
    ]
    for at, names in env_lists(judged.values):
        more = [] if at == "" or at.endswith(WITHOUT_SHARED) else shared
        assert len([*names, *more]) == len({*names, *more}), at
    assert len(shared) == len(set(shared))
    objects = compile_release(sound).objects
    for manifest in objects.values():
        assert check_manifest(manifest) == []
    assert_accepted(objects.values())


class Nonsense:
    """What no argument takes."""


Path = tuple[str | int, ...]


def leaves(setting: Any, at: Path = ()) -> Iterator[Path]:
    """The paths to everything inside a setting that has nothing inside it."""
    inner: Iterable[tuple[Any, Any]] = ()
    if dataclasses.is_dataclass(setting):
        inner = [(field.name, getattr(setting, field.name)) for field in dataclasses.fields(setting)]
    elif isinstance(setting, Mapping):
        inner = setting.items()
    elif isinstance(setting, list | tuple):
        inner = enumerate(setting)
    paths = [path for key, value in inner for path in leaves(value, (*at, key))]
    yield from paths or [at]


def changed(setting: Any, path: Path, value: Any) -> Any:
    """A setting with another value at a path, put there without asking it."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if dataclasses.is_dataclass(setting):
        other = copy.copy(setting)
        object.__setattr__(other, str(key), changed(getattr(setting, str(key)), rest, value))
        return other
    if isinstance(setting, Mapping):
        return {**setting, key: changed(setting[key], rest, value)}
    items = [changed(item, rest, value) if index == key else item for index, item in enumerate(setting)]
    return tuple(items) if isinstance(setting, tuple) else items


NOT_ARGUMENTS = (
    "archived_defaults",
    "archived_images",
    "archived_schema",
    "dialect",
    "has_quota",
    "limits_started_pods",
    "other_levels",
    "pod_security",
    "namespace",
    "dags",
)


@st.composite
def spoiled(draw: st.DrawFn, junk: st.SearchStrategy[Any]) -> tuple[dict[str, Any], str]:
    """Arguments of AirflowChart, sound but for one leaf, and the name of the argument it is in."""
    sound, _ = repaired(draw(any_settings()))
    arguments = {
        field.name: getattr(sound, field.name) for field in dataclasses.fields(sound) if field.name not in NOT_ARGUMENTS
    }
    name = draw(st.sampled_from(sorted(arguments)))
    path = draw(st.sampled_from(sorted(leaves(arguments[name]), key=repr)))
    arguments[name] = changed(arguments[name], path, draw(junk))
    return {
        **arguments,
        "chart_version": sound.dialect.chart,
        "airflow_version": sound.dialect.airflow,
    }, name


@given(spoiled(st.builds(Nonsense)))
@examples(100)
def test_an_invalid_value_anywhere_is_reported_with_its_argument(given_arguments: tuple[dict[str, Any], str]) -> None:
    arguments, name = given_arguments
    with pytest.raises(PlatformError) as caught:
        make_airflow(_shared_chart(), **arguments)
    assert any(finding.at.startswith((name, "values")) for finding in caught.value)
    assert all(finding.fix for finding in caught.value)


JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(max_value=0),
    st.binary(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(texts, texts, max_size=2),
    st.tuples(st.integers()),
    st.complex_numbers(),
    st.just(object()),
    st.sets(st.integers(), max_size=2),
)

FORMS = {
    "bytes": Bytes,
    "count": Count,
    "cpu": Cpu,
    "duration": Duration,
    "git-ref": GitRef,
    "git-sub-path": GitSubPath,
    "host": HostName,
    "label": Label,
    "object-name": ObjectName,
    "quantity": Quantity,
    "secret-name": SecretName,
    "sql-name": SqlName,
    "version": VersionText,
}


@pytest.mark.parametrize("form", sorted(FORMS))
@given(value=JUNK)
@settings(derandomize=True, max_examples=60, deadline=None)
def test_a_value_of_another_type_is_refused_for_every_annotation(form: str, value: Any) -> None:
    (finding,) = check_value(value, FORMS[form], "x")
    assert finding.fix
    assert len(str(finding).splitlines()) == 1


@pytest.mark.parametrize("form", sorted(FORMS))
@given(value=st.text(max_size=80) | st.integers())
@settings(derandomize=True, max_examples=100, deadline=None)
def test_a_check_of_any_text_or_number_ends_with_at_most_one_finding(form: str, value: Any) -> None:
    found = check_value(value, FORMS[form], "x")
    assert len(found) <= 1
    assert all(len(str(finding).splitlines()) == 1 for finding in found)


@given(spoiled(JUNK | st.text(max_size=8)))
@examples(60)
def test_a_leaf_of_another_form_is_written_or_told_and_nothing_else_happens(
    given_arguments: tuple[dict[str, Any], str],
) -> None:
    arguments, _ = given_arguments
    findings: tuple[Finding, ...] = ()
    try:
        make_airflow(new_chart(), **arguments)
    except PlatformError as error:
        findings = error.findings
    assert all(finding.fix and len(str(finding).splitlines()) == 1 for finding in findings)


AIRFLOW = ("release", "namespace", "database", "keys", "executor", "logs", "chart_version", "ui", "scheduler", "migration",
           "api_server", "delivery", "facts")  # fmt: skip
CLUSTER = ("name", "namespace", "storage", "database", "instances", "postgres_major", "resources", "facts")
DAGS = ("repo", "ref", "interval", "depth", "container_name", "resources")


@pytest.mark.parametrize(
    ("make", "arguments"),
    [(make_airflow, AIRFLOW), (make_cluster, CLUSTER), (make_dags, DAGS)],
    ids=["airflow", "cluster", "dags"],
)
@given(data=st.data())
@EDGE
def test_an_invalid_value_is_reported_with_the_name_of_the_argument(
    make: Any, arguments: tuple[str, ...], data: Any
) -> None:
    argument = data.draw(st.sampled_from(arguments))
    value = data.draw(JUNK)
    assume(value is not None or argument != "facts")  # the facts of the app then
    with pytest.raises(PlatformError) as caught:
        make(_shared_chart(), **{argument: value})
    assert argument in {finding.at for finding in caught.value}


_CHARTS: list[Any] = []


def _shared_chart() -> Any:
    """One Chart for all examples: none of them ever makes anything in it."""
    if not _CHARTS:
        _CHARTS.append(new_chart())
    return _CHARTS[0]


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20) | JUNK,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12) | st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(values=st.dictionaries(st.sampled_from(["scheduler", "config", "labels", "env", "x", "airflowVersion"]), TREES))
@example(values={"scheduler": {}})
@EDGE
def test_whatever_is_given_as_values_is_written_or_told_and_nothing_else_happens(values: dict[str, Any]) -> None:
    for argument in ("values", "unchecked_values"):
        told = lines_told(argument, values)
        assert all(line.startswith("chart/airflow: ") for line in told)


def lines_told(argument: str, values: dict[str, Any]) -> list[str]:
    """The findings for values; empty if they are valid."""
    try:
        make_airflow(new_chart(), **{argument: values})
    except PlatformError as error:
        return str(error).splitlines()
    return []
