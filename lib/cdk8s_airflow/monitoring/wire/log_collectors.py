"""The objects of log collectors: Alloy, which reads logs with the Kubernetes API, and Fluent Bit, which reads files of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.service_account import ServiceAccount
from cdk8s_airflow.model.traffic import ClusterComponent, ExternalPeer, PodGroup, Traffic, TrafficFlow, resolves_names
from cdk8s_airflow.model.url_host import of_url
from cdk8s_airflow.model.wire.placement import placement
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.monitoring.log_outputs import CloudWatchOutput, FluentBitOutput, LokiOutput, S3LogOutput
from cdk8s_airflow.schemas.pod_security import completed
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.validation.durations import days
from cdk8s_airflow.validation.frozen import frozen

ALLOY_IMAGE = "grafana/alloy:v1.18.1"
FLUENT_BIT_IMAGE = "fluent/fluent-bit:4.2.3"

_ALLOY_USER = 473
_ALLOY_PORT = 12345
_FLUENT_BIT_PORT = 2020
_USER, _PASSWORD = "LOKI_USERNAME", "LOKI_PASSWORD"
_TASK_LABELS = ("task_id", "run_id", "try_number")
_ALLOY_LABELS = ("instance", "job")
"""Labels that Alloy adds to all lines. ``instance`` contains the name of the pod, so each task would be a stream of its own."""


@frozen
class CollectorSettings:
    """A log collector.

    Attributes:
        name: the name of its objects.
        namespace: its namespace.
        watched: the namespaces whose pods it reads.
        image: its image.
        resources: of its container.
        placement: its nodes.
        pull_secret: the Secret with the login to the registry.
        service_account: its service account.
    """

    name: str
    namespace: str
    watched: tuple[str, ...]
    image: str
    resources: Resources
    placement: NodePlacement
    pull_secret: str | None = None
    service_account: ServiceAccount = ServiceAccount()

    @property
    def labels(self) -> dict[str, str]:
        """The labels by which its pods are found."""
        return {"app.kubernetes.io/name": "airflow-log-collector", "app.kubernetes.io/instance": self.name}


# ---------------------------------------------------------------------------------------------------- Alloy


def _liveness(path: str) -> dict[str, Any]:
    """A probe that restarts a collector whose HTTP server does not answer for five minutes. A failing output is no reason."""
    return {"httpGet": {"path": path, "port": "http"}, "periodSeconds": 30, "failureThreshold": 10, "timeoutSeconds": 5}


def alloy_objects(settings: CollectorSettings, output: LokiOutput) -> dict[str, dict[str, Any]]:
    """A Deployment that reads the logs of pods with the Kubernetes API. It needs no access to the nodes."""
    config = alloy_config(settings.watched, output)
    container = completed(
        {
            "name": "alloy",
            "image": settings.image,
            "args": [
                "run",
                "/etc/alloy/config.alloy",
                "--storage.path=/var/lib/alloy/data",
                f"--server.http.listen-addr=0.0.0.0:{_ALLOY_PORT}",
                "--disable-reporting",
            ],
            **_credentials(output),
            "ports": [{"name": "http", "containerPort": _ALLOY_PORT}],
            "livenessProbe": _liveness("/-/ready"),
            "readinessProbe": {"httpGet": {"path": "/-/ready", "port": "http"}},
            "resources": resources(settings.resources),
            "securityContext": {"readOnlyRootFilesystem": True},
            "volumeMounts": [
                {"name": "config", "mountPath": "/etc/alloy", "readOnly": True},
                {"name": "data", "mountPath": "/var/lib/alloy/data"},
            ],
        }
    )
    pod: dict[str, Any] = {
        **_pod(settings),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _ALLOY_USER,
            "runAsGroup": _ALLOY_USER,
            "fsGroup": _ALLOY_USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": settings.name}}, {"name": "data", "emptyDir": {}}],
    }
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(settings),
        "spec": {
            # Two at once would send each line twice.
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": settings.labels},
            "template": _template(settings, pod, config),
        },
    }
    return {
        **_access(settings, rules),
        "config": _config_map(settings, {"config.alloy": config}),
        "collector": deployment,
    }


def alloy_config(namespaces: Sequence[str], output: LokiOutput) -> str:
    """The configuration of Alloy.

    Namespace, component, container and ``dag_id`` are labels of Loki's index; pod, task, run and try are structured metadata,
    because an index label for each run makes Loki slow.

    Containers are not read before their pod runs: Alloy asks for the log of a container that waits, for example for its image, at
    intervals that grow to a minute, and a task pod can be deleted within such an interval.
    """
    listed = ", ".join(_quoted(each) for each in namespaces)
    rules = "".join(
        _relabel(source, target)
        for source, target in (
            ("__meta_kubernetes_namespace", "namespace"),
            ("__meta_kubernetes_pod_label_component", "component"),
            ("__meta_kubernetes_pod_container_name", "container"),
            ("__meta_kubernetes_pod_name", "pod"),
            ("__meta_kubernetes_pod_label_dag_id", "dag_id"),
            *((f"__meta_kubernetes_pod_label_{label}", label) for label in _TASK_LABELS),
        )
    )
    metadata = ("pod", *_TASK_LABELS)
    values = "".join(f'      {each} = "",\n' for each in metadata)
    dropped = ", ".join(_quoted(each) for each in (*metadata, *_ALLOY_LABELS))
    return f"""\
discovery.kubernetes "airflow" {{
  role = "pod"

  namespaces {{
    names = [{listed}]
  }}
}}

discovery.relabel "airflow" {{
  targets = discovery.kubernetes.airflow.targets

  rule {{
    source_labels = ["__meta_kubernetes_pod_container_init", "__meta_kubernetes_pod_phase"]
    regex         = "false;Pending"
    action        = "drop"
  }}
{rules}}}

loki.source.kubernetes "airflow" {{
  targets    = discovery.relabel.airflow.output
  forward_to = [loki.process.airflow.receiver]
}}

loki.process "airflow" {{
  forward_to = [loki.write.default.receiver]

  stage.structured_metadata {{
    values = {{
{values}    }}
  }}

  stage.label_drop {{
    values = [{dropped}]
  }}
}}

loki.write "default" {{
  endpoint {{
    url = {_quoted(output.url)}
{_tenant(output)}{_basic_auth(output)}  }}
{_external_labels(output)}}}
"""


def _relabel(source: str, target: str) -> str:
    return f"""
  rule {{
    source_labels = [{_quoted(source)}]
    target_label  = {_quoted(target)}
  }}
"""


def _tenant(output: LokiOutput) -> str:
    return "" if output.tenant is None else f"    tenant_id = {_quoted(output.tenant)}\n"


def _basic_auth(output: LokiOutput) -> str:
    if output.credentials is None:
        return ""
    return f"""
    basic_auth {{
      username = sys.env("{_USER}")
      password = sys.env("{_PASSWORD}")
    }}
"""


def _external_labels(output: LokiOutput) -> str:
    if not output.labels:
        return ""
    lines = "".join(f"    {name} = {_quoted(value)},\n" for name, value in sorted(output.labels.items()))
    return f"\n  external_labels = {{\n{lines}  }}\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# ----------------------------------------------------------------------------------------------- Fluent Bit


def fluent_bit_objects(settings: CollectorSettings, output: FluentBitOutput) -> dict[str, dict[str, Any]]:
    """A DaemonSet that reads the log files of the node's containers. It runs as root, because only root may read them."""
    config = fluent_bit_config(settings.name, settings.watched, output)
    container: dict[str, Any] = {
        "name": "fluent-bit",
        "image": settings.image,
        "command": ["/fluent-bit/bin/fluent-bit", "-c", "/fluent-bit/config/fluent-bit.conf"],
        **(_credentials(output) if isinstance(output, LokiOutput) else {}),
        "ports": [{"name": "http", "containerPort": _FLUENT_BIT_PORT}],
        "livenessProbe": _liveness("/"),
        "readinessProbe": {"httpGet": {"path": "/api/v1/health", "port": "http"}},
        "resources": resources(settings.resources),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": "config", "mountPath": "/fluent-bit/config", "readOnly": True},
            {"name": "log", "mountPath": "/var/log", "readOnly": True},
            {"name": "state", "mountPath": "/var/fluent-bit/state"},
        ],
    }
    pod: dict[str, Any] = {
        **_pod(settings),
        "securityContext": {"runAsUser": 0, "runAsGroup": 0, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [
            {"name": "config", "configMap": {"name": settings.name}},
            {"name": "log", "hostPath": {"path": "/var/log", "type": "Directory"}},
            {
                "name": "state",
                "hostPath": {
                    "path": f"/var/fluent-bit/state/{settings.namespace}-{settings.name}",
                    "type": "DirectoryOrCreate",
                },
            },
        ],
    }
    pods = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]
    daemon_set = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": _metadata(settings),
        "spec": {"selector": {"matchLabels": settings.labels}, "template": _template(settings, pod, config)},
    }
    return {
        **_access(settings, pods),
        "config": _config_map(settings, {"fluent-bit.conf": config}),
        "collector": daemon_set,
    }


def fluent_bit_config(name: str, namespaces: Sequence[str], output: FluentBitOutput) -> str:
    """The configuration of Fluent Bit in its classic format.

    Fluent Bit looks for new files every second, because the file of a short task is deleted with its pod. It reads them from
    their start: such a file can be complete before it is found. What the output does not accept is sent again, by default only
    once; meanwhile, the buffer fills, and files are not read any further. The filter reads pods of any size: by default, it
    ignores the labels of a pod whose manifest has more than 32 kB.
    """
    paths = ",".join(f"/var/log/containers/*_{namespace}_*.log" for namespace in namespaces)
    return f"""\
[SERVICE]
    Flush                 5
    Log_Level             info
    Parsers_File          /fluent-bit/etc/parsers.conf
    HTTP_Server           On
    HTTP_Listen           0.0.0.0
    HTTP_Port             {_FLUENT_BIT_PORT}
    Health_Check          On
    scheduler.cap         300

[INPUT]
    Name                  tail
    Tag                   kube.*
    Path                  {paths}
    multiline.parser      docker, cri
    DB                    /var/fluent-bit/state/{name}.db
    Read_from_Head        On
    Refresh_Interval      1
    Rotate_Wait           30
    Mem_Buf_Limit         20MB
    Skip_Long_Lines       On

[FILTER]
    Name                  kubernetes
    Match                 kube.*
    Kube_Tag_Prefix       kube.var.log.containers.
    Labels                On
    Annotations           Off
    Buffer_Size           0

[OUTPUT]
{_section(_output(output))}"""


def _section(lines: Mapping[str, str]) -> str:
    return "".join(f"    {key:<21} {value}\n" for key, value in lines.items())


def _output(output: FluentBitOutput) -> dict[str, str]:
    if isinstance(output, CloudWatchOutput):
        return {
            "Name": "cloudwatch_logs",
            "Match": "kube.*",
            "region": output.region,
            "log_group_name": output.log_group,
            "log_stream_prefix": "pod-",
            "log_stream_template": "$kubernetes['pod_name'].$kubernetes['container_name']",
            "Retry_Limit": "no_limits",
            "auto_create_group": "On" if output.create_log_group else "Off",
            **({"log_retention_days": str(days(output.retention))} if output.create_log_group else {}),
        }
    if isinstance(output, S3LogOutput):
        return {
            "Name": "s3",
            "Match": "kube.*",
            "region": output.region,
            "bucket": output.bucket,
            "s3_key_format": f"/{output.prefix.strip('/')}/%Y/%m/%d/%H%M%S-$UUID.gz",
            "compression": "gzip",
            # For this plugin, no_limits means 5.
            "Retry_Limit": "1000",
            "use_put_object": "On",
            "total_file_size": "50M",
            "upload_timeout": "5m",
            "store_dir": "/var/fluent-bit/state/s3",
        }
    return _loki_output(output)


def _loki_output(output: LokiOutput) -> dict[str, str]:
    """The same labels, structured metadata and lines as :func:`alloy_config` sends."""
    parts = urlsplit(output.url)
    tls = parts.scheme == "https"
    own = [f"{name}={value}" for name, value in sorted(output.labels.items())]
    labels = [
        *own,
        "namespace=$kubernetes['namespace_name']",
        "component=$kubernetes['labels']['component']",
        "container=$kubernetes['container_name']",
        "dag_id=$kubernetes['labels']['dag_id']",
    ]
    metadata = [
        "pod=$kubernetes['pod_name']",
        *(f"{label}=$kubernetes['labels']['{label}']" for label in _TASK_LABELS),
    ]
    made = {
        "Name": "loki",
        "Match": "kube.*",
        "Host": parts.hostname or "",
        "Port": str(parts.port or (443 if tls else 80)),
        "Uri": parts.path,
        "tls": "On" if tls else "Off",
        "labels": ", ".join(labels),
        "structured_metadata": ", ".join(metadata),
        # Only the key "log" is left then, and its value is the line.
        "remove_keys": "kubernetes, stream, time, _p",
        "drop_single_key": "raw",
        "line_format": "json",
        "Retry_Limit": "no_limits",
    }
    if output.tenant is not None:
        made["tenant_id"] = output.tenant
    if output.credentials is not None:
        made |= {"http_user": f"${{{_USER}}}", "http_passwd": f"${{{_PASSWORD}}}"}
    return made


# --------------------------------------------------------------------------------------------------- common


def _pod(settings: CollectorSettings) -> dict[str, Any]:
    pod: dict[str, Any] = {
        "serviceAccountName": _account(settings),
        "enableServiceLinks": False,
        **placement(settings.placement),
    }
    if settings.pull_secret is not None:
        pod["imagePullSecrets"] = [{"name": settings.pull_secret}]
    return pod


def _template(settings: CollectorSettings, pod: Mapping[str, Any], config: str) -> dict[str, Any]:
    """The pod, which restarts when its configuration changes."""
    annotations = {"cdk8s-airflow/config": digest(config, 16)}
    return {"metadata": {"labels": settings.labels, "annotations": annotations}, "spec": dict(pod)}


def _credentials(output: LokiOutput) -> dict[str, Any]:
    if output.credentials is None:
        return {}
    return {
        "env": [
            {"name": name, "valueFrom": {"secretKeyRef": {"name": output.credentials.name, "key": key}}}
            for name, key in ((_USER, "username"), (_PASSWORD, "password"))
        ]
    }


def _metadata(settings: CollectorSettings, namespace: str | None = None) -> dict[str, Any]:
    return {"name": settings.name, "namespace": namespace or settings.namespace, "labels": settings.labels}


def _account(settings: CollectorSettings) -> str:
    return settings.service_account.name or settings.name


def _config_map(settings: CollectorSettings, data: Mapping[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(settings), "data": dict(data)}


def _access(settings: CollectorSettings, rules: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The service account, and its permissions in the namespaces whose pods it reads."""
    account: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {**_metadata(settings), "name": _account(settings)},
    }
    if settings.service_account.annotations:
        account["metadata"]["annotations"] = dict(settings.service_account.annotations)
    made = {"account": account}
    for namespace in settings.watched:
        metadata = _metadata(settings, namespace)
        made[f"role-{namespace}"] = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": metadata,
            "rules": [dict(each) for each in rules],
        }
        made[f"binding-{namespace}"] = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": settings.name},
            "subjects": [
                {"kind": "ServiceAccount", "name": _account(settings), "namespace": settings.namespace},
            ],
        }
    return made


def collector_traffic(settings: CollectorSettings, output: FluentBitOutput, cluster_domain: str) -> Traffic:
    """The pods of a collector, and their connections: to DNS, the Kubernetes API, and the output."""
    pods = PodGroup(name=f"log collector {settings.name}", namespace=settings.namespace, labels=settings.labels)
    api = TrafficFlow(
        source=pods, target=ClusterComponent(role="api-server"), port=6443, purpose="the API of Kubernetes"
    )
    return Traffic(workloads=(pods,), flows=(*resolves_names(pods), api, *_to_output(pods, output, cluster_domain)))


def _to_output(pods: PodGroup, output: FluentBitOutput, cluster_domain: str) -> Iterator[TrafficFlow]:
    if isinstance(output, LokiOutput):
        found = of_url(output.url, cluster_domain)
        if found is not None:
            peer, port = found
            yield TrafficFlow(source=pods, target=peer, port=port, purpose="logs to Loki")
        return
    service = "logs" if isinstance(output, CloudWatchOutput) else "s3"
    hosts = (f"{service}.{output.region}.amazonaws.com", f"sts.{output.region}.amazonaws.com")
    for host, purpose in zip(hosts, ("logs", "the IAM role of the service account"), strict=True):
        yield TrafficFlow(source=pods, target=ExternalPeer(name=host), port=443, purpose=purpose)
