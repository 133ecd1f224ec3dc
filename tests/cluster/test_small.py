"""The cut for small clusters changes replicas and CPU requests, and nothing else."""

from __future__ import annotations

from tests.cluster.kit.small import cut_down

MANIFESTS = """\
kind: Cluster
spec:
  instances: 3
  resources:
    limits:
      memory: 2Gi
    requests:
      cpu: 500m
      memory: 2Gi
---
kind: HelmChart
spec:
  valuesContent: |
    scheduler:
      replicas: 2
      resources:
        requests:
          memory: "1Gi"
          cpu: "1"
    quota:
      requests.cpu: "24"
      cpu: "24"
    workers:
      replicas: 1
"""


def test_cut_down_can_keep_the_replicas() -> None:
    _, changes = cut_down(MANIFESTS, keep_replicas=True)
    assert changes == {"requests.cpu": 2}


def test_cut_down_leaves_one_replica_and_little_cpu() -> None:
    text, changes = cut_down(MANIFESTS)
    assert changes == {"instances": 1, "replicas": 1, "requests.cpu": 2}
    before, after = MANIFESTS.splitlines(), text.splitlines()
    assert [(old, new) for old, new in zip(before, after, strict=True) if old != new] == [
        ("  instances: 3", "  instances: 1"),
        ("      cpu: 500m", "      cpu: 10m"),
        ("      replicas: 2", "      replicas: 1"),
        ('          cpu: "1"', '          cpu: "10m"'),
    ]
