"""The Python face of our small jsii module, whose source is ``edge/index.ts``; importing it starts Node.

``make edge`` builds the archive beside it. Only :mod:`cdk8s_airflow.kube.emit` imports this, and only when needed.
"""

from __future__ import annotations

import cdk8s as cdk8s  # the module needs cdk8s in the same Node process before it is loaded
import constructs
import jsii

jsii.JSIIAssembly.load("cdk8s-airflow-bulk", "0.0.0", __name__, "bulk.tgz")


class Bulk(metaclass=jsii.JSIIMeta, jsii_type="cdk8s-airflow-bulk.Bulk"):
    """Makes many API objects in one call to Node."""

    @jsii.member(jsii_name="add")
    @classmethod
    def add(cls, scope: constructs.Construct, objects: str) -> list[str]:
        """Add all objects to ``scope``, or none.

        Args:
            scope: their parent, inside a Chart.
            objects: a JSON list of [construct id, manifest, whether its kind is cluster-scoped].

        Returns:
            The ids that ``scope`` has already. When there are any, nothing was added.
        """
        taken: list[str] = jsii.sinvoke(cls, "add", [scope, objects])
        return taken
