"""Values and manifests that are known to be right: each document was rendered with the released chart of its version."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

Values = dict[str, Any]


class Sample(NamedTuple):
    """A values document and what it is for."""

    name: str
    chart: str
    airflow: str
    executor: str
    values: Values

    def __str__(self) -> str:
        return f"{self.chart}-{self.airflow}-{self.name}"


def merged(base: Values, over: Values) -> Values:
    """A deep copy of ``base`` with ``over`` laid on top."""
    result = copy.deepcopy(base)
    for key, value in over.items():
        inner = result.get(key)
        result[key] = (
            merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else copy.deepcopy(value)
        )
    return result


RESOURCES: Values = {"requests": {"cpu": "200m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}}
RESTRICTED: Values = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
POD: Values = {"runAsNonRoot": True, "runAsUser": 50000, "fsGroup": 0, "seccompProfile": {"type": "RuntimeDefault"}}

_COMMON: Values = {
    "fernetKeySecretName": "airflow-fernet-key",
    "postgresql": {"enabled": False},
    "redis": {"enabled": False},
    "data": {"metadataSecretName": "airflow-metadata", "brokerUrlSecretName": "none"},
    "airflowPodAnnotations": {"example.org/rotation": "2026-01"},
    "env": [{"name": "PGSSLMODE", "value": "require"}],
    "volumes": [{"name": "ca", "configMap": {"name": "git-ca"}}],
    "images": {"migrationsWaitTimeout": 600},
    "useStandardNaming": True,
    "scheduler": {
        "replicas": 2,
        "resources": RESOURCES,
        "podDisruptionBudget": {"enabled": True, "config": {"maxUnavailable": 1}},
    },
    "triggerer": {"replicas": 1, "resources": RESOURCES, "persistence": {"enabled": False}},
    "dagProcessor": {"enabled": True, "resources": RESOURCES, "logGroomerSidecar": {"resources": RESOURCES}},
    "statsd": {"enabled": True, "resources": RESOURCES, "securityContexts": {"pod": POD, "container": RESTRICTED}},
    "migrateDatabaseJob": {"resources": RESOURCES, "useHelmHooks": True},
    "logs": {"persistence": {"enabled": True, "existingClaim": "airflow-logs"}},
    "securityContexts": {"pod": POD, "containers": RESTRICTED},
    "dags": {
        "gitSync": {
            "enabled": True,
            "repo": "https://gitlab.acme.lab/data/airflow-dags.git",
            "branch": "main",
            "ref": "main",
            "rev": "HEAD",
            "subPath": "dags",
            "period": "60s",
            "depth": 1,
            "maxFailures": 10,
            "credentialsSecret": "airflow-git",
            "containerName": "git-sync",
            "resources": RESOURCES,
            "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca", "readOnly": True}],
            "env": [{"name": "GIT_SSL_CAINFO", "value": "/ca/ca.crt"}],
            "securityContexts": {"container": RESTRICTED},
        }
    },
    "config": {"core": {"parallelism": 32, "load_examples": None}, "logging": {"remote_logging": "False"}},
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "workload", "operator": "Equal", "value": "airflow", "effect": "NoSchedule"}],
    "affinity": {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 50,
                    "podAffinityTerm": {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {"matchLabels": {"tier": "airflow"}},
                    },
                }
            ]
        }
    },
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "zone",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"tier": "airflow"}},
        }
    ],
    "global": {"anything": "goes"},
    "quotas": {"requests.cpu": "20", "pods": 50},
    "limits": [{"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"memory": "1Gi"}}],
    "priorityClasses": [{"name": "high", "preemptionPolicy": "Never", "value": 1000}],
    "networkPolicies": {"enabled": True},
    "multiNamespaceMode": True,
    "cleanup": {"enabled": True, "schedule": "*/15 * * * *", "resources": RESOURCES},
    "pgbouncer": {
        "enabled": False,
        "maxClientConn": 100,
        "podDisruptionBudget": {"enabled": False},
        "ssl": {"ca": None},
    },
    "extraConfigMaps": {"{{ .Release.Name }}-x": {"data": "a: b\n", "labels": {"a": "b"}}},
    "secret": [{"envName": "AIRFLOW_CONN_LAKE", "secretName": "lake", "secretKey": "connection"}],
    "extraEnvFrom": "- configMapRef:\n    name: lake\n",
}

_WEBSERVER: Values = {
    "webserverSecretKeySecretName": "airflow-webserver-secret-key",
    "webserver": {
        "replicas": 2,
        "resources": RESOURCES,
        "defaultUser": {"enabled": False},
        "service": {"type": "ClusterIP"},
        "startupProbe": {"failureThreshold": 30},
        "networkPolicy": {"ingress": {"from": [{"namespaceSelector": {"matchLabels": {"name": "nginx"}}}]}},
    },
    "ingress": {
        "web": {
            "enabled": True,
            "ingressClassName": "nginx",
            "annotations": {"cert-manager.io/cluster-issuer": "homelab-ca"},
            "path": "/",
            "pathType": "Prefix",
            "hosts": [{"name": "airflow.acme.lab", "tls": {"enabled": True, "secretName": "airflow-tls"}}],
        }
    },
    "config": {"webserver": {"base_url": "https://airflow.acme.lab"}},
}
_API_SERVER: Values = {
    "apiSecretKeySecretName": "airflow-api-secret-key",
    "jwtSecretName": "airflow-jwt-secret",
    "apiServer": {
        "replicas": 2,
        "resources": RESOURCES,
        "service": {"type": "ClusterIP"},
        "startupProbe": {"failureThreshold": 30},
        "networkPolicy": {"ingress": {"from": [{"podSelector": {"matchLabels": {"tier": "airflow"}}}]}},
    },
    "ingress": {"apiServer": {**_WEBSERVER["ingress"]["web"], "hosts": ["airflow.acme.lab"]}},
    "config": {"api": {"base_url": "https://airflow.acme.lab"}},
}
_NO_USER: Values = {"createUserJob": {"enabled": False}}
_NO_USER_BEFORE: Values = {"webserver": {"defaultUser": {"enabled": False}}}
_TASKS: Values = {
    "resources": RESOURCES,
    "nodeSelector": {"pool": "tasks"},
    "terminationGracePeriodSeconds": 600,
    "securityContexts": {"pod": POD, "container": RESTRICTED},
}
_TASKS_MORE: Values = {
    "tolerations": [{"key": "tasks", "operator": "Exists"}],
    "priorityClassName": "batch",
    "serviceAccount": {"create": True, "name": "airflow-task", "annotations": {"a": "b"}},
    "labels": {"team": "data"},
    "env": [{"name": "TOKEN_FILE", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "y"}}}],
}


def _running(airflow: str) -> Values:
    return {"airflowVersion": airflow, "defaultAirflowTag": airflow, "defaultAirflowRepository": "apache/airflow"}


def _sample(name: str, chart: str, airflow: str, *parts: Values, executor: str = "KubernetesExecutor") -> Sample:
    values = merged(_COMMON, {"executor": executor, **_running(airflow)})
    for part in parts:
        values = merged(values, part)
    return Sample(name, chart, airflow, executor, values)


HOMELAB: tuple[Sample, ...] = (
    _sample("homelab", "1.15.0", "2.9.3", _WEBSERVER, {"workers": {**_TASKS, **_TASKS_MORE}}),
    _sample("homelab", "1.18.0", "2.11.0", _WEBSERVER, {"workers": {**_TASKS, **_TASKS_MORE}}),
    _sample("homelab", "1.18.0", "3.0.2", _API_SERVER, _NO_USER_BEFORE, {"workers": {**_TASKS, **_TASKS_MORE}}),
    _sample("homelab", "1.20.0", "2.11.0", _WEBSERVER, _NO_USER, {"workers": {"kubernetes": _TASKS, **_TASKS_MORE}}),
    _sample("homelab", "1.20.0", "3.1.8", _API_SERVER, _NO_USER, {"workers": {"kubernetes": _TASKS, **_TASKS_MORE}}),
    _sample(
        "homelab", "1.22.0", "2.11.0", _WEBSERVER, _NO_USER, {"workers": {"kubernetes": {**_TASKS, **_TASKS_MORE}}}
    ),
    _sample(
        "homelab",
        "1.22.0",
        "3.2.2",
        _API_SERVER,
        _NO_USER,
        {"workers": {"kubernetes": {**_TASKS, **_TASKS_MORE}}, "enableServiceLinks": False},
    ),
)
"""The same intent in each dialect."""

CELERY: tuple[Sample, ...] = (
    _sample(
        "celery",
        "1.15.0",
        "2.9.3",
        _WEBSERVER,
        {
            "redis": {"enabled": True, "passwordSecretName": "redis"},
            "flower": {"enabled": True},
            "workers": {
                "replicas": 3,
                "keda": {"enabled": True, "maxReplicaCount": 5},
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}},
            },
        },
        executor="CeleryExecutor",
    ),
    _sample(
        "celery",
        "1.22.0",
        "3.2.2",
        _API_SERVER,
        _NO_USER,
        {
            "redis": {"enabled": True, "passwordSecretName": "redis"},
            "workers": {
                "celery": {
                    "replicas": 3,
                    "queue": "default",
                    "sets": [{"name": "big", "queue": "big", "replicas": 1, "resources": RESOURCES}],
                    "keda": {
                        "enabled": True,
                        "advanced": {
                            "horizontalPodAutoscalerConfig": {
                                "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}
                            }
                        },
                    },
                    "podDisruptionBudget": {"enabled": True, "config": {"maxUnavailable": None, "minAvailable": "50%"}},
                },
                "kubernetes": _TASKS,
            },
        },
        executor="CeleryExecutor,KubernetesExecutor",
    ),
)

SAMPLES: tuple[Sample, ...] = HOMELAB + CELERY

HELM_CHART: Values = {
    "apiVersion": "helm.cattle.io/v1",
    "kind": "HelmChart",
    "metadata": {"name": "airflow", "namespace": "kube-system", "labels": {"app.kubernetes.io/part-of": "airflow"}},
    "spec": {
        "chart": "airflow",
        "repo": "https://airflow.apache.org",
        "version": "1.22.0",
        "targetNamespace": "airflow",
        "timeout": "30m0s",
        "failurePolicy": "abort",
        "valuesContent": "executor: KubernetesExecutor\n",
    },
}
CLUSTER: Values = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "Cluster",
    "metadata": {"name": "airflow-pg", "namespace": "airflow-data"},
    "spec": {
        "instances": 1,
        "enablePDB": False,
        "imageName": "ghcr.io/cloudnative-pg/postgresql:16",
        "bootstrap": {
            "initdb": {"database": "airflow", "owner": "airflow", "secret": {"name": "airflow-pg-credentials"}}
        },
        "storage": {"size": "10Gi", "storageClass": "longhorn"},
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
        "postgresql": {"parameters": {"max_connections": "200"}},
        "affinity": {"topologyKey": "kubernetes.io/hostname"},
    },
}
HTTP_ROUTE: Values = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute",
    "metadata": {"name": "airflow", "namespace": "airflow"},
    "spec": {
        "parentRefs": [{"name": "web", "namespace": "gateway"}],
        "hostnames": ["airflow.acme.lab"],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [{"name": "airflow-api-server", "port": 8080}],
            }
        ],
    },
}
SERVICE_MONITOR: Values = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "ServiceMonitor",
    "metadata": {"name": "airflow-statsd", "namespace": "airflow"},
    "spec": {
        "selector": {"matchLabels": {"component": "statsd"}},
        "endpoints": [{"port": "statsd-scrape", "interval": "30s"}],
    },
}
APPLICATION: Values = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "airflow", "namespace": "argocd"},
    "spec": {
        "project": "default",
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "airflow"},
        "source": {
            "repoURL": "https://airflow.apache.org",
            "chart": "airflow",
            "targetRevision": "1.22.0",
            "helm": {"valuesObject": {"a": 1}},
        },
    },
}
EXTERNAL_SECRET: Values = {
    "apiVersion": "external-secrets.io/v1",
    "kind": "ExternalSecret",
    "metadata": {"name": "airflow-metadata", "namespace": "airflow"},
    "spec": {
        "refreshInterval": "1h",
        "secretStoreRef": {"name": "vault", "kind": "ClusterSecretStore"},
        "target": {
            "name": "airflow-metadata",
            "template": {"data": {"connection": "postgresql://{{ .user }}:{{ .password }}@db/airflow"}},
        },
        "dataFrom": [{"extract": {"key": "airflow"}}],
    },
}
CUSTOM: tuple[Values, ...] = (HELM_CHART, CLUSTER, HTTP_ROUTE, SERVICE_MONITOR, APPLICATION, EXTERNAL_SECRET)

DEPLOYMENT: Values = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "airflow", "labels": {"app": "web"}},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "restartPolicy": "Always",
                "containers": [
                    {
                        "name": "web",
                        "image": "nginx:1.29",
                        "imagePullPolicy": "IfNotPresent",
                        "resources": RESOURCES,
                        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                    }
                ],
                "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
            },
        },
    },
}
CLAIM: Values = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "airflow-logs", "namespace": "airflow"},
    "spec": {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "longhorn",
        "resources": {"requests": {"storage": "20Gi"}},
    },
}
NAMESPACE: Values = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "airflow", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
}
CONFIG_MAP: Values = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "git-ca", "namespace": "airflow"},
    "data": {"ca.crt": "text"},
}
ROLE: Values = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "system:airflow", "namespace": "airflow"},
    "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
}
CORE: tuple[Values, ...] = (DEPLOYMENT, CLAIM, NAMESPACE, CONFIG_MAP, ROLE)
