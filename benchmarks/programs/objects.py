"""One platform that grows: main.py, plus teams with a namespace and 24 more objects each.

The first argument says how many teams. Everything passes the library's checks and its one way into cdk8s.
"""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cdk8s import App, Chart
from constructs import Construct

from cdk8s_airflow import Namespace, run
from cdk8s_airflow.app.construct import PlatformConstruct
from main import build


class Team(PlatformConstruct):
    """What a team gets in its namespace: settings, volumes, accounts with roles, and a budget."""

    def __init__(self, scope: Construct, id: str, *, namespace: Namespace) -> None:
        super().__init__(scope, id, [])
        home = {"namespace": namespace.name, "labels": {"app.kubernetes.io/part-of": "airflow", "team": id}}
        manifests: dict[str, dict[str, Any]] = {}
        for number in range(8):
            metadata = {"name": f"settings-{number}", **home}
            data = {"settings.yaml": f"team: {id}\nnumber: {number}\nretries: 3\n", "pool": f"pool-{number}"}
            manifests[f"settings-{number}"] = {
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data,
            }  # fmt: skip
        for number in range(6):
            spec = {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "longhorn",
                "resources": {"requests": {"storage": f"{number + 1}Gi"}},
            }
            manifests[f"data-{number}"] = {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": f"data-{number}", **home},
                "spec": spec,
            }
        for number in range(3):
            name = f"tasks-{number}"
            manifests[f"account-{number}"] = {
                "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, **home},
            }  # fmt: skip
            manifests[f"role-{number}"] = {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "metadata": {"name": name, **home},
                "rules": [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]}],
            }
            manifests[f"binding-{number}"] = {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": {"name": name, **home},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
                "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace.name}],
            }
        manifests["budget"] = {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "budget", **home},
            "spec": {"hard": {"requests.cpu": "8", "requests.memory": "32Gi", "pods": "50"}},
        }
        self._emit(manifests)


def platform(teams: int) -> App:
    app = build()
    chart = Chart(app, "30-teams")
    for number in range(teams):
        team = f"team-{number:03}"
        Team(chart, f"{team}-objects", namespace=Namespace(chart, team))
    return app


if __name__ == "__main__":
    run(lambda: platform(int(sys.argv[1])))
