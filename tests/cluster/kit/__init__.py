"""What the tests on a real cluster share: kubectl for one named context, platforms with a clean-up, and diagnostics."""

from tests.cluster.kit.kubectl import Kubectl, KubectlError
from tests.cluster.kit.platform import Platform, PlatformRunner
from tests.cluster.kit.settings import ClusterSettings, cluster_settings

__all__ = ["ClusterSettings", "Kubectl", "KubectlError", "Platform", "PlatformRunner", "cluster_settings"]
