"""Rules on how a release is delivered."""

from __future__ import annotations

from cdk8s_airflow.plan.amount import duration
from cdk8s_airflow.plan.conditions import changed, lowered, turned_on
from cdk8s_airflow.plan.risk import Risk
from cdk8s_airflow.plan.rule import Rule, Setting
from cdk8s_airflow.plan.rules.objects import OBJECT_STORES
from cdk8s_airflow.plan.tree import MISSING

_KINDS = ("HelmChart", "HelmRelease", "Application", "HelmCommand")


def _reinstalls(setting: Setting) -> bool:
    return bool(setting.new == "reinstall")


def _shorter(setting: Setting) -> bool:
    old, new = duration(setting.old), duration(setting.new)
    return new is not None and (old is None or new < old)


def _by_the_object(setting: Setting) -> bool:
    """The name is not that of an object that is renamed, which is reported already."""
    pair = setting.pair
    return pair.event == "changed" or (pair.old is not None and pair.new is not None and pair.old.kind != pair.new.kind)


def _store(setting: Setting) -> bool:
    release = setting.pair.old_release
    return release is not None and release.chart in OBJECT_STORES


def _store_shrinks(setting: Setting) -> bool:
    return _store(setting) and lowered(setting)


def _store_class(setting: Setting) -> bool:
    return _store(setting) and changed(setting)


RULES = (
    Rule(
        id="release/namespace",
        risk=Risk.IMPOSSIBLE,
        title="A release moves to another namespace",
        on=("release",),
        paths=("release.namespace",),
        in_place=False,
        happens="A release cannot move: Helm installs a second one into {new}, and the one in {old} keeps running on the same "
        "database. Secrets and volumes stay in {old}.",
        first="Uninstall the release first, create its Secrets in {new}, move the data, then apply.",
    ),
    Rule(
        id="release/name",
        risk=Risk.DOWNTIME,
        title="The name of a release changes in its object",
        on=("release",),
        paths=("release.name",),
        when=_by_the_object,
        in_place=False,
        happens="The release is {new} instead of {old}. Helm installs a second release, and the old one keeps running on the same "
        "database until it is uninstalled.",
        first="Pause the DAGs, uninstall release {old}, then apply.",
    ),
    Rule(
        id="delivery/reinstall",
        risk=Risk.DATA,
        title="A failed release is uninstalled and installed again",
        on=("release",),
        paths=("release.failurePolicy",),
        when=_reinstalls,
        in_place=False,
        happens="The failure policy is {new} instead of {old}: after a failed upgrade the whole release is uninstalled and "
        "installed again, with the volumes that the chart created.",
        first="Use abort or retry.",
    ),
    Rule(
        id="delivery/reinstall-by-config",
        risk=Risk.DATA,
        title="A HelmChartConfig uninstalls a failed release",
        on=("HelmChartConfig",),
        paths=("spec.failurePolicy",),
        when=lambda setting: setting.new in ("reinstall", MISSING),
        happens="The failure policy is {new} instead of {old}, which means reinstall: after a failed upgrade the whole release is "
        "uninstalled and installed again. It overrides the one of the HelmChart.",
        first="Set failurePolicy: abort.",
    ),
    Rule(
        id="delivery/failure-policy",
        fallback=True,
        risk=Risk.CONFIGURATION,
        title="The failure policy of a release changes",
        on=("release",),
        paths=("release.failurePolicy",),
        when=lambda setting: bool(setting.old and setting.new),
        in_place=False,
        happens="The failure policy is {new} instead of {old}.",
    ),
    Rule(
        id="delivery/timeout",
        risk=Risk.CONFIGURATION,
        title="Helm waits for a shorter time",
        on=_KINDS,
        paths=("spec.timeout",),
        when=_shorter,
        happens="Helm waits {new} for each hook instead of {old}. A migration that takes longer fails the upgrade.",
        first="Allow enough time for the longest migration.",
    ),
    Rule(
        id="delivery/repository",
        risk=Risk.RESTART,
        title="The source of the chart changes",
        on=("release",),
        paths=("release.repository",),
        happens="The chart is taken from {new} instead of {old}. If it is not the same chart, all its objects change.",
        first="Compare the archives.",
    ),
    Rule(
        id="delivery/prune",
        risk=Risk.CONFIGURATION,
        title="Argo CD deletes objects that leave the chart",
        on=("Application",),
        paths=("spec.syncPolicy.automated.prune", "spec.syncPolicy.automated.selfHeal"),
        when=turned_on,
        happens="{path} is on: Argo CD deletes or resets objects without asking.",
        first="Check that all objects with state are protected against pruning.",
    ),
    Rule(
        id="delivery/upgrade-only",
        risk=Risk.CONFIGURATION,
        title="How the controller runs Helm changes",
        on=_KINDS,
        paths=("spec.**",),
        default=True,
        happens="{path} {change}. The controller runs Helm again: hooks run, and pods restart only if what the "
        "chart renders differs.",
    ),
    Rule(
        id="object-store/shrunk",
        risk=Risk.IMPOSSIBLE,
        title="The volume of an object store shrinks",
        on=("release",),
        paths=("values.**.size", "values.**.storage"),
        when=_store_shrinks,
        happens="The volume would shrink from {old} to {new}. The API server refuses it, and the upgrade of the release fails.",
        first="Keep {old}, or copy the buckets to a second object store.",
    ),
    Rule(
        id="object-store/storage-class",
        risk=Risk.IMPOSSIBLE,
        title="The storage class of an object store changes",
        on=("release",),
        paths=("values.**.storageClass", "values.**.storageClassName"),
        when=_store_class,
        happens="The storage class of a volume cannot be changed ({old} to {new}); the upgrade of the release fails.",
        first="Copy the buckets to a second object store of the other class.",
    ),
    Rule(
        id="release/value",
        risk=Risk.RESTART,
        title="A value of another chart changes",
        on=("release",),
        paths=("values.**",),
        when=lambda setting: setting.pair.id not in setting.context.rendered,
        default=True,
        happens="{path} {change}. The chart determines whether pods restart.",
        first="Run plan with --render to see it.",
    ),
    Rule(
        id="release/rendered-value",
        risk=Risk.CONFIGURATION,
        title="A value of a rendered chart changes",
        on=("release",),
        paths=("values.**",),
        default=True,
        happens="{path} {change}. The effects are listed with the objects of the chart.",
    ),
)
