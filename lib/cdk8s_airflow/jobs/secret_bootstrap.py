"""A Job that generates Secrets, for clusters without a secret manager."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Annotated

from constructs import Construct

from cdk8s_airflow.airflow.chart import AirflowChart
from cdk8s_airflow.airflow.wire.images import airflow_image, image_needs
from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.jobs.wire.secret_bootstrap import (
    BootstrapSettings,
    bootstrap_objects,
    bootstrap_traffic,
    job_name,
)
from cdk8s_airflow.model import secret_recipe as recipes
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.database_login import DatabasePasswords
from cdk8s_airflow.model.image import Image, registry_and_path
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.placement import Placement
from cdk8s_airflow.model.provided_secret import ProvidedSecret
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_need import ADMIN, SecretNeed, derived, merged, registry_login
from cdk8s_airflow.model.secret_reference import PullSecret, SecretReference
from cdk8s_airflow.model.traffic import Traffic
from cdk8s_airflow.namespaces.namespace import NamespaceHandle, fitting_rules
from cdk8s_airflow.network.left_out import require_policies
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import short_label

_LONGEST_NAME = 52

_Name = Annotated[
    str,
    short_label(_LONGEST_NAME, "must be valid as the first part of the name of a Job", letter_first=False),
]

_DEFAULT_RESOURCES = Resources(cpu="10m", memory="64Mi", memory_limit="128Mi")


class SecretBootstrap(PlatformConstruct):
    """A Job that generates the Secrets of a platform that are missing.

    It never changes an existing Secret. Keys and passwords are random, and each Secret is created in one request. A derived value
    (the URL of a database from its password) is read from the existing Secret. The Job can therefore be stopped at any time, and
    can run several times at once. It waits for Secrets that an operator creates, such as ``<cluster>-app`` of CloudNativePG.

    Its service account can ``get`` exactly these Secrets, and ``create`` Secrets in their namespaces, which RBAC cannot limit to
    names. The Job must therefore be in a separate namespace where no release starts pods. Secrets whose content only the user
    has (a git token, the password of an external server) are not generated; ``make synth`` lists them.

    The name of the Job contains a digest of its content, and the Job does not expire. If you apply it again, nothing runs. If the
    platform changes, a new Job is created next to the old one. To generate a Secret again, delete it and the Job, and apply. The
    Job is retried until it succeeds.
    """

    how_to_write = (
        'SecretBootstrap(chart, "bootstrap", namespace=Namespace(chart, "airflow-setup"), generate_for=[db, airflow])'
    )

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        namespace: NamespaceHandle,
        generate_for: Sequence[PlatformConstruct],
        exclude: Sequence[SecretReference] = (),
        name: _Name = "secret-bootstrap",
        image: Image | None = None,
        pull_secret: PullSecret | None = None,
        resources: Resources = _DEFAULT_RESOURCES,
        placement: NodePlacement = Placement(),
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the Job that creates missing Secrets.

        Args:
            scope: the Chart it is written to.
            id: the construct id.
            namespace: a namespace for this Job only: everyone who may start a pod there can create Secrets in the others.
            generate_for: the constructs whose Secrets the Job creates: databases, releases, whatever needs any. What something else on the
                platform makes already is left to that.
            exclude: Secrets that the Job never creates, such as a fernet key that you bring back from a backup. Default: none.
            name: of its account and rights, and the first part of the Job's. Two of them in one cluster need two names. Default:
                ``"secret-bootstrap"``.
            image: the image it runs in; anything with Python 3.8 or newer as ``python3``. Default: the image of the first release
                among ``generate_for``, which is pulled anyway.
            pull_secret: the Secret in its namespace with the login to the registry. Default: one of the same name as the
                release's, if the image is the release's and that has one.
            resources: of its container. Default: 10m CPU, 64Mi memory, at most 128Mi.
            placement: on which nodes it may run. Default: any.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: if its namespace is one in which a release starts pods, if there is no Secret to create or no image, or
                if two readers of one Secret require different content.
        """
        found = checked(SecretBootstrap.__init__, locals())
        facts = facts_of(scope, facts)
        self._traffic = Traffic()
        needs: list[SecretNeed] = []
        release = None
        if not found and isinstance(scope, Construct):
            release = next((each for each in generate_for if isinstance(each, AirflowChart)), None)
            found += registry_of(scope).guard(namespace.name, f"the account of SecretBootstrap {name!r}")
            found += fitting_rules(namespace, resources, "resources")
            found += _image_rules(image, release) if generate_for else ()
            passwords = registry_of(scope).slot(DatabasePasswords)
            wanted = [derived(need, passwords) for each in generate_for for need in each.secret_needs]
            found += _recipe_rules(wanted)
            needs = list(_to_make(wanted, {each.name for each in exclude}, registry_of(scope).provided.keys()))
            if not found and all(each.sound for each in generate_for):
                found += _making_rules(wanted, needs, exclude)
        super().__init__(scope, id, found)
        if not self._sound or not needs:
            return
        login, reference, policy = _image_of(image, release, pull_secret, namespace.name)
        if not reference:
            return
        settings = BootstrapSettings(
            name=name,
            namespace=namespace.name,
            secrets=tuple(needs),
            image=reference,
            pull_policy=policy,
            resources=resources,
            placement=placement,
            pull_secret=None if login is None else login.name,
            architecture=facts.architecture,
        )
        objects = bootstrap_objects(settings)
        self._emit(objects, facts=facts)
        if not self._sound:
            return
        traffic = self._traffic = bootstrap_traffic(name, namespace.name)
        require_policies(self, f"SecretBootstrap {name!r}", lambda: traffic)
        if login is not None:
            self._need([login])
        job = job_name(objects)
        by = f"Job {namespace.name}/{job}, where it is missing"
        self._provide(
            ProvidedSecret(name=need.name, namespace=need.namespace, keys=frozenset(need.keys), by=by, type=need.type)
            for need in needs
        )
        self._registry.notes += _notes(needs, namespace.name, job)

    @property
    def traffic(self) -> Traffic:
        """Its pods and their connections: only to the API server."""
        return self._traffic


def _to_make(wanted: Iterable[SecretNeed], left: set[str], provided: Iterable[tuple[str, str]]) -> Iterator[SecretNeed]:
    """The Secrets that can be generated, that nothing else creates, and that are not excluded."""
    made = set(provided)
    for need in merged(wanted):
        if need.can_be_generated and need.name not in left and (need.namespace, need.name) not in made:
            yield need


def _image_of(
    image: Image | None, release: AirflowChart | None, pull_secret: PullSecret | None, namespace: str
) -> tuple[SecretNeed | None, str, str]:
    """The need for a log-in to the registry, the image, and when it is pulled; no image where the release is not sound."""
    if image is not None:
        by = f"@{image.digest}" if image.digest is not None else f":{image.tag}"
        registry = registry_and_path(image.repository)[0]
        login = None if pull_secret is None else registry_login(pull_secret, namespace, registries=(registry,))
        return login, image.repository + by, image.pull_policy
    compiled = None if release is None else release._compiled
    if compiled is None:
        return None, "", "IfNotPresent"
    settings = compiled.settings
    with_login = settings if pull_secret is None else replace(settings, pull_secret=pull_secret)
    login = next(
        (replace(need, namespace=namespace) for need in image_needs(replace(with_login, namespace=namespace))), None
    )
    return login, *airflow_image(settings)


def _image_rules(image: Image | None, release: AirflowChart | None) -> Iterator[Finding]:
    if image is None and release is None:
        yield Finding(
            rule="secrets/no-image",
            at="image",
            problem="is required, because generate_for= contains no release whose image could be used",
            fix='Set image=Image("python", tag="3.13-slim"), or add the AirflowChart to generate_for=',
        )


def _recipe_rules(wanted: Iterable[SecretNeed]) -> Iterator[Finding]:
    """Whether two readers of one Secret would have to find different things in it."""
    first: dict[tuple[str, str, str], SecretNeed] = {}
    for need in wanted:
        for key, parts in need.recipe.items():
            other = first.setdefault((need.namespace, need.name, key), need)
            if other.recipe[key] != parts:
                yield Finding(
                    rule="secrets/two-recipes",
                    at="generate_for",
                    problem=f"two readers require different content in key {key} of Secret {need.name!r} in namespace "
                    f"{need.namespace!r}: {other.purpose}, and {need.purpose}",
                    seen=need.name,
                    fix="Use a separate Secret for each",
                )


def _making_rules(
    wanted: Sequence[SecretNeed], needs: Sequence[SecretNeed], exclude: Sequence[SecretReference]
) -> Iterator[Finding]:
    names = {need.name for need in wanted}
    for index, each in enumerate(exclude):
        if each.name not in names:
            yield Finding(
                rule="secrets/not-needed",
                at=f"exclude[{index}]",
                problem="is a Secret that no construct in generate_for= requires",
                seen=each.name,
                fix=f"Use one of {', '.join(sorted(names))}" if names else "Remove it",
            )
    if not needs and not exclude:
        unknown = sorted({need.name for need in wanted if not need.can_be_generated})
        made = sorted({need.name for need in wanted if need.can_be_generated})
        yield Finding(
            rule="secrets/nothing-to-make",
            at="generate_for",
            problem="requires no Secret that can be generated"
            + (f": only you have the content of {', '.join(unknown)}" if unknown else "")
            + (f"; the platform already creates {', '.join(made)}" if made else ""),
            fix="Remove the SecretBootstrap, or pass the constructs whose Secrets it generates in generate_for=",
        )


def _notes(needs: Sequence[SecretNeed], namespace: str, job: str) -> Iterator[str]:
    yield (
        f"A Job creates the Secrets that are missing, and does not change existing ones. Its log:\n"
        f"  kubectl -n {namespace} logs job/{job}"
    )
    for need in needs:
        if "fernet-key" in need.keys:
            yield (
                f"The Job generates Secret {need.namespace}/{need.name} if it is missing. A database with connections or "
                "variables needs the key that encrypted them: create the Secret with that key before you apply."
            )
            yield (
                f"Keep a copy of Secret {need.namespace}/{need.name} outside the cluster. Without it, connections and variables in the "
                "database and in every backup of it cannot be decrypted."
            )
        if need.recipe.get("username") == (recipes.text(ADMIN),):
            yield f"The user name in Secret {need.namespace}/{need.name} is {ADMIN!r}."
