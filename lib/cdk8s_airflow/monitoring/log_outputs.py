"""Where a log collector sends the logs of pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Annotated, ClassVar, TypeAlias
from urllib.parse import urlsplit

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.secret_reference import BasicAuthSecret
from cdk8s_airflow.storage.names import BucketName, StorageRegion
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Must, Retention, WebUrl
from cdk8s_airflow.validation.frozen import frozen

_LABEL = regex(r"^[a-zA-Z_][a-zA-Z0-9_]*$")
_PLAIN = regex(r"^[A-Za-z0-9._/=+:@-]+$")
_GROUP = regex(r"^[A-Za-z0-9._/#-]{1,512}$")

_LokiLabel = Annotated[
    str,
    Must(
        lambda text: _LABEL.match(text) is not None,
        "must be a label of Loki: letters, digits and underscores, not starting with a digit",
        'Use "cluster"',
        "logs/label",
    ),
]
_PlainValue = Annotated[
    str,
    Must(
        lambda text: _PLAIN.match(text) is not None,
        "must contain only letters, digits and the characters . _ / = + : @ -",
        'Use a value such as "production"',
        "logs/label",
    ),
]
_LogGroup = Annotated[
    str,
    Must(
        lambda text: _GROUP.match(text) is not None,
        "must be a name of a log group: 1 to 512 letters, digits and the characters . _ / # -",
        'Use "/airflow/production"',
        "logs/log-group",
    ),
]

_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""The retentions that CloudWatch Logs accepts. Source: ``PutRetentionPolicy`` in its API reference."""

_LogGroupRetention = Annotated[
    Retention,
    Must(
        lambda text: text in {f"{number}d" for number in _DAYS},
        f"must be a number of days that CloudWatch accepts, one of: {', '.join(f'{number}d' for number in _DAYS)}",
        'Use for example "30d"',
        "argument/duration",
    ),
]


@frozen
class LokiOutput:
    """Grafana Loki.

    Attributes:
        url: the address of its push API, such as ``"http://loki-gateway.monitoring.svc/loki/api/v1/push"``.
        tenant: the tenant, header ``X-Scope-OrgID``. Default: None, for a Loki without tenants.
        credentials: the Secret with user and password of basic authentication, in the namespace of the collector. Default:
            None, no authentication.
        labels: labels of all log lines, such as ``{"cluster": "production"}``. Default: none.
    """

    how_to_write: ClassVar[str] = 'LokiOutput(url="http://loki-gateway.monitoring.svc/loki/api/v1/push")'

    url: WebUrl
    tenant: _PlainValue | None = None
    credentials: BasicAuthSecret | None = None
    labels: Mapping[_LokiLabel, _PlainValue] = field(default_factory=dict)

    def _rules(self) -> Iterator[Finding]:
        parts = urlsplit(self.url)
        if not parts.path.endswith("/push"):
            yield Finding(
                rule="logs/loki-url",
                at="url",
                problem="must be the address of the push API, which ends in /loki/api/v1/push",
                seen=repr(self.url),
                fix=f'Use "{parts.scheme}://{parts.netloc}/loki/api/v1/push"',
            )


@frozen
class CloudWatchOutput:
    """Amazon CloudWatch Logs. The collector logs in with an IAM role for its service account, without a key.

    Attributes:
        region: the AWS region, such as ``"eu-central-1"``.
        log_group: the log group, such as ``"/airflow/production"``. Each container has a log stream in it, ``<pod>.<container>``.
        create_log_group: whether Fluent Bit creates the log group if it does not exist. Default: True.
        retention: how long a log group that Fluent Bit creates keeps logs, such as ``"30d"``: a number of days that CloudWatch
            accepts. Default: ``"30d"``. An existing log group keeps its retention.
    """

    how_to_write: ClassVar[str] = 'CloudWatchOutput(region="eu-central-1", log_group="/airflow/production")'

    region: StorageRegion
    log_group: _LogGroup
    create_log_group: bool = True
    retention: _LogGroupRetention = "30d"


@frozen
class S3LogOutput:
    """Objects in a bucket of Amazon S3, compressed with gzip. The collector logs in with an IAM role for its service account.

    It is an archive: the UI of Airflow does not read it. For the UI, use ``Logs.s3(...)``.

    Attributes:
        region: the AWS region of the bucket.
        bucket: the name of the bucket.
        prefix: the first part of the keys of objects. Default: ``"airflow"``. The day follows: ``airflow/2026/11/29/``.
    """

    how_to_write: ClassVar[str] = 'S3LogOutput(region="eu-central-1", bucket="acme-pod-logs")'

    region: StorageRegion
    bucket: BucketName
    prefix: _PlainValue = "airflow"


FluentBitOutput: TypeAlias = CloudWatchOutput | LokiOutput | S3LogOutput
"""Where Fluent Bit sends logs."""
