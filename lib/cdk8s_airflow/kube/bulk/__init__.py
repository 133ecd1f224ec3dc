"""Python bindings of our small jsii module, whose source is ``edge/index.ts``. Importing it starts Node.

``make edge`` builds the archive next to it. Only :mod:`cdk8s_airflow.kube.emit` and :mod:`cdk8s_airflow.kube.output` import it.
"""

from __future__ import annotations

import cdk8s as cdk8s  # the module needs cdk8s in the same Node process before it is loaded
import constructs
import jsii

jsii.JSIIAssembly.load("cdk8s-airflow-bulk", "0.0.0", __name__, "bulk.tgz")


class Bulk(metaclass=jsii.JSIIMeta, jsii_type="cdk8s-airflow-bulk.Bulk"):
    """Creates many API objects, and writes files, with one call to Node each."""

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

    @jsii.member(jsii_name="folder")
    @classmethod
    def folder(cls, app: cdk8s.App) -> str:
        """Return the output folder of an app as an absolute path, as Node resolves it."""
        path: str = jsii.sinvoke(cls, "folder", [app])
        return path

    @jsii.member(jsii_name="isQuick")
    @classmethod
    def is_quick(cls, app: cdk8s.App) -> bool:
        """Whether plain objects of an app are converted without the functions of cdk8s, which is faster."""
        quick: bool = jsii.sinvoke(cls, "isQuick", [app])
        return quick

    @jsii.member(jsii_name="listObjects")
    @classmethod
    def list_objects(cls, app: cdk8s.App, listing: str) -> None:
        """Write every API object of an app into a file, as a JSON list of [construct path, manifest].

        Args:
            app: the app.
            listing: the absolute path of the file.
        """
        jsii.sinvoke(cls, "listObjects", [app, listing])

    @jsii.member(jsii_name="write")
    @classmethod
    def write(cls, app: cdk8s.App, folder: str, listing: str) -> None:
        """Write the files of an app into another folder than its own, and a list of its objects.

        Args:
            app: the app.
            folder: an absolute path.
            listing: the absolute path of the file for the list, which has the form of :meth:`list_objects`.
        """
        jsii.sinvoke(cls, "write", [app, folder, listing])


class BulkConstruct(constructs.Construct, jsii_type="cdk8s-airflow-bulk.BulkConstruct"):
    """A construct that is created together with its objects, with one call to Node."""

    def __init__(self, scope: constructs.Construct, id: str, objects: str) -> None:
        """Create the construct and its objects, or nothing.

        Args:
            scope: the parent.
            id: the construct id.
            objects: as for :meth:`Bulk.add`.
        """
        jsii.create(BulkConstruct, self, [scope, id, objects])
