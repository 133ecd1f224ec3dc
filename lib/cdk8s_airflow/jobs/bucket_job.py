"""A Job that makes buckets, in any store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated

from constructs import Construct

from cdk8s_airflow.airflow.chart import AirflowChart
from cdk8s_airflow.airflow.environment_variables import CaBundle
from cdk8s_airflow.airflow.pipeline import CompiledRelease, Releases
from cdk8s_airflow.airflow.wire.images import airflow_image, airflow_repository
from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.jobs.wire.bucket_job import BucketJobSettings, bucket_job_objects, bucket_job_traffic
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import AIRFLOW_REPOSITORY, Image, RegistryMirror, registry_and_path
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.placement import Placement
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_need import free_key, registry_login
from cdk8s_airflow.model.secret_reference import PullSecret, SecretKey
from cdk8s_airflow.model.traffic import Traffic
from cdk8s_airflow.model.version import DEFAULT_CHART_VERSION, runs_of
from cdk8s_airflow.namespaces.namespace import NamespaceHandle, fitting_rules
from cdk8s_airflow.network.left_out import require_policies
from cdk8s_airflow.storage import store_credentials as needs
from cdk8s_airflow.storage.names import BucketName
from cdk8s_airflow.storage.object_storage import Bucket, StorageCredentials, credentials_rules
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import AnnotationKey, Duration, LabelValue, ObjectName, short_label
from cdk8s_airflow.validation.durations import seconds

_LONGEST_NAME = 50
_RESOURCES = Resources(cpu="50m", memory="256Mi", memory_limit="512Mi")

_Name = Annotated[
    str,
    short_label(_LONGEST_NAME, "must be valid as the first part of the name of a Job", letter_first=False),
]


class BucketJob(PlatformConstruct):
    """A Job that makes buckets which are not there yet, in any store: in the cluster, at AWS, Google or Azure.

    It only adds. An existing bucket and its content are not changed, versioning is enabled and never disabled, nothing is
    ever deleted; so it may run again, several at once, and be cut off. It waits for a store that is still starting. Its login
    needs no more than to look at, make and (for versions) set up these buckets, and no pod but its own has it.

    It runs a script of this library in an image of Airflow, which has the libraries of all three clouds.
    """

    how_to_write = 'BucketJob(chart, "buckets", namespace=..., buckets=[...])'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        namespace: NamespaceHandle,
        buckets: Sequence[Bucket],
        credentials: StorageCredentials | None = None,
        versioned: Collection[BucketName] = (),
        name: _Name = "buckets",
        timeout: Duration = "30m",
        image: Image | None = None,
        release: AirflowChart | None = None,
        mirror: RegistryMirror | None = None,
        pull_secret: PullSecret | None = None,
        service_account: ObjectName | None = None,
        labels: Mapping[AnnotationKey, LabelValue] | None = None,
        ca: CaBundle | None = None,
        resources: Resources = _RESOURCES,
        placement: NodePlacement = Placement(),
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the Job that creates missing buckets.

        Args:
            scope: the Chart it is written to.
            id: the construct id.
            namespace: where it runs. With a login that may make buckets, best one where Airflow starts no pods.
            buckets: the buckets, all of one store.
            credentials: the login that makes them; not the one that tasks have. Default: the store's.
            versioned: names of those whose objects keep their versions; not with Azure, where that is a matter of the account.
                Default: none.
            name: the first part of the Job's name. Default: ``"buckets"``.
            timeout: how long the Job waits for a store that does not answer yet. Default: ``"30m"``.
            image: the image. It must have the library of the store: boto3, google-cloud-storage, or azure-storage-blob and
                azure-identity. Default: the image of ``release``; without one, the official image of the newest Airflow.
            release: a release whose image the Job runs, with its mirror and its ``pull_secret``, so that no other version of
                Airflow is pulled. Default: none.
            mirror: where a copy of the image is pulled from. Default: the original registry.
            pull_secret: the Secret with the login to the registry. Default: none.
            service_account: the name of an account that has an identity in the cloud, for a store without ``credentials``.
                Default: the namespace's own; it can do nothing here, and gets no token of Kubernetes.
            labels: further labels of the pod, such as the one by which Azure gives it an identity. Default: none.
            ca: the authorities that it trusts in place of the public ones. Default: those of the image.
            resources: of its container. Default: 50m CPU, 256Mi memory, at most 512Mi.
            placement: on which nodes it may run. Default: any.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: when buckets are of several stores or named twice, or the login is of another kind than the store.
        """
        found = checked(BucketJob.__init__, locals())
        facts = facts_of(scope, facts)
        if not found:
            found += _rules(buckets, credentials, versioned)
            found += _image_rules(image, release, mirror)
            found += fitting_rules(namespace, resources, "resources")
        super().__init__(scope, id, found)
        self._settings: BucketJobSettings | None = None
        compiled = None if release is None else release._compiled
        if not self._sound or (release is not None and compiled is None):
            return
        storage = buckets[0].storage
        login = storage.credentials if credentials is None else credentials
        repository, reference, policy = _image(image, mirror)
        if compiled is not None:
            reference, policy = airflow_image(compiled.settings)
            repository = airflow_repository(compiled.settings)
            pull_secret = pull_secret or compiled.settings.pull_secret
        settings = BucketJobSettings(
            name=name,
            namespace=namespace.name,
            storage=storage,
            buckets=tuple(each.name for each in buckets),
            versioned=tuple(sorted(versioned)),
            credentials=login,
            image=reference,
            pull_policy=policy,
            timeout=seconds(timeout),
            resources=resources,
            placement=placement,
            pull_secret=None if pull_secret is None else pull_secret.name,
            service_account=service_account,
            labels=labels or {},
            ca=None if ca is None else ca.source,
            architecture=facts.architecture,
        )
        objects = bucket_job_objects(settings)
        self._emit(objects, facts=facts)
        if not self._sound:
            return
        self._settings = settings
        require_policies(self, f"BucketJob {name!r}", partial(bucket_job_traffic, settings))
        purpose = f"makes buckets {', '.join(settings.buckets)}"
        if login is not None:
            self._need([needs.login(login, storage, settings.namespace, purpose)])
        if pull_secret is not None:
            registry = registry_and_path(repository)[0]
            self._need([registry_login(pull_secret, settings.namespace, registries=(registry,))])
        if isinstance(settings.ca, SecretKey):
            content = "certificates of authorities, in PEM"
            self._need([free_key(settings.ca, settings.namespace, "trusts the store", content=content)])
        job = objects["job"]["metadata"]["name"]
        if image is None and release is None:
            self._registry.late_notes.append(partial(_other_image, self._registry.slot(Releases), name, reference))
        self._registry.notes.append(
            f"A Job creates the buckets {', '.join(settings.buckets)}. Its log:\n"
            f"  kubectl -n {settings.namespace} logs job/{job}"
        )
        if login is None:
            account = service_account or "default"
            self._registry.notes.append(
                BeforeApply(
                    f"Job {job} logs in with the cloud identity of service account {settings.namespace}/{account}. Allow that "
                    "identity to list and create these buckets."
                )
            )

    @property
    def traffic(self) -> Traffic:
        """Its pods and their connections; empty if this construct has errors."""
        return Traffic() if self._settings is None else bucket_job_traffic(self._settings)


def _image(image: Image | None, mirror: RegistryMirror | None) -> tuple[str, str, str]:
    """The repository, the image with its tag or digest, and when it is pulled."""
    given = image
    if given is None:
        runs = runs_of(DEFAULT_CHART_VERSION, None)
        assert runs is not None
        given = Image(AIRFLOW_REPOSITORY, tag=runs.default)
    repository = given.repository if mirror is None else mirror.of(given.repository)
    by = f"@{given.digest}" if given.digest is not None else f":{given.tag}"
    return repository, repository + by, given.pull_policy


def _image_rules(image: Image | None, release: AirflowChart | None, mirror: RegistryMirror | None) -> Iterator[Finding]:
    if release is None:
        return
    for at, given in (("image", image), ("mirror", mirror)):
        if given is not None:
            yield Finding(
                rule="storage/image",
                at=at,
                problem="conflicts with release=, whose image the Job runs",
                seen=show(given),
                fix=f"Remove {at}= or release=",
            )


def _other_image(releases: Sequence[CompiledRelease], name: str, reference: str) -> Iterator[str]:
    """A note if a Job runs an image of Airflow that no release of the app runs."""
    images = sorted({airflow_image(each.settings)[0] for each in releases})
    if images and reference not in images:
        yield BeforeApply(
            f"BucketJob {name!r} runs {reference}, and the releases of this program run {', '.join(images)}. To use the image of a "
            "release, set BucketJob(release=...)."
        )


def _rules(
    buckets: Sequence[Bucket], credentials: StorageCredentials | None, versioned: Collection[str]
) -> Iterator[Finding]:
    if not buckets:
        yield Finding(
            rule="storage/no-buckets",
            at="buckets",
            problem="must contain at least one bucket",
            seen="[]",
            fix='Use buckets=[storage.bucket("data-raw")]',
        )
        return
    storage = buckets[0].storage
    names: list[str] = []
    for index, bucket in enumerate(buckets):
        if bucket.storage != storage:
            yield Finding(
                rule="storage/several-stores",
                at=f"buckets[{index}]",
                problem="must be in the same store as the first bucket, because a Job logs in to one store",
                seen=bucket.url,
                fix="Create one BucketJob for each store",
            )
        if bucket.name in names:
            yield Finding(
                rule="storage/bucket-twice",
                at=f"buckets[{index}].name",
                problem="is listed twice",
                seen=repr(bucket.name),
                fix="remove one of the two",
            )
        names.append(bucket.name)
    if credentials is not None:
        yield from credentials_rules(storage, credentials, "credentials")
    for each in sorted(set(versioned) - set(names)):
        yield Finding(
            rule="storage/unknown-bucket",
            at="versioned",
            problem="must be one of the buckets",
            seen=repr(each),
            fix=f"Use one of {', '.join(names)}",
        )
    if versioned and storage.scheme == "azure":
        yield Finding(
            rule="storage/versioned",
            at="versioned",
            problem="is not supported for Azure containers: versioning is a setting of the storage account",
            seen=repr(sorted(versioned)),
            fix="Remove it, and enable versioning for the storage account",
        )
