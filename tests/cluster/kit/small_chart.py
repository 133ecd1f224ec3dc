"""A chart with two workloads and the migration Job, which reads the keys of Airflow's chart and is installed in seconds."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

NAME = "small"
VERSION = "1.22.0"

_CHART = f"apiVersion: v2\nname: {NAME}\nversion: {VERSION}\n"

_POD = """
      securityContext: {{ toJson .Values.securityContexts.pod }}
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: {{ default "apache/airflow" .Values.defaultAirflowRepository }}:{{ .Values.defaultAirflowTag }}
          securityContext: {{ toJson .Values.securityContexts.containers }}
          resources: {requests: {cpu: 1m}}
"""

_DEPLOYMENT = f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {{{{ .Release.Name }}}}-scheduler}}
spec:
  replicas: {{{{ .Values.scheduler.replicas }}}}
  selector: {{matchLabels: {{app: scheduler}}}}
  template:
    metadata: {{labels: {{app: scheduler}}}}
    spec:{_POD}\
          command: [sleep, infinity]
"""

_STATEFUL_SET = f"""\
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: {{{{ .Release.Name }}}}-triggerer}}
spec:
  replicas: 0
  serviceName: triggerer
  selector: {{matchLabels: {{app: triggerer}}}}
  template:
    metadata: {{labels: {{app: triggerer}}}}
    spec:{_POD}\
          command: [sleep, infinity]
  volumeClaimTemplates:
    - metadata: {{name: logs}}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {{requests: {{storage: 1Mi}}}}
"""

_JOB = f"""\
apiVersion: batch/v1
kind: Job
metadata:
  name: {{{{ .Release.Name }}}}-run-airflow-migrations
  annotations: {{{{ toJson .Values.migrateDatabaseJob.jobAnnotations }}}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never{_POD}\
          command: [test, "!", -e, /gate/closed]
          volumeMounts: [{{name: gate, mountPath: /gate}}]
      volumes: [{{name: gate, configMap: {{name: gate, optional: true}}}}]
"""


def write_small_chart(folder: Path) -> Path:
    """Write the archive of the chart. Its Job fails as long as ConfigMap ``gate`` has the key ``closed``.

    Args:
        folder: where it is written.

    Returns:
        The archive.
    """
    archive = folder / f"{NAME}-{VERSION}.tgz"
    files = {
        "Chart.yaml": _CHART,
        "templates/deployment.yaml": _DEPLOYMENT,
        "templates/stateful-set.yaml": _STATEFUL_SET,
        "templates/job.yaml": _JOB,
    }
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"{NAME}/{name}")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return archive
