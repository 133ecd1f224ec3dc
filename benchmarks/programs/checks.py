"""Times all checks of values and resources of one environment, including reading the schemas.

The checks are those of a program whose values all come from arguments. Values that somebody wrote (``values=``) are also
searched for keys without effect, which is not part of this.

The arguments are the folder with the environment's files, the chart's version, Airflow's, and the executor.
Prints milliseconds of processor time, which other programs do not lengthen: loading the modules, the checks the first time in a process, and the second time.
"""

import sys
import time
from pathlib import Path

import yaml

folder, chart_version, airflow_version, executor = sys.argv[1:]
manifests = [
    manifest
    for file in sorted(Path(folder).glob("*.yaml"))
    for manifest in yaml.load_all(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
]
releases = [
    yaml.load(manifest["spec"]["valuesContent"], yaml.CSafeLoader)
    for manifest in manifests
    if manifest["kind"] == "HelmChart"
]
assert len(releases) == 1, "not the files of one environment"

start = time.process_time()
from cdk8s_airflow.schemas import check_manifest, check_values  # noqa: E402

print((time.process_time() - start) * 1000)
for _ in range(2):
    start = time.process_time()
    found = [finding for manifest in manifests for finding in check_manifest(manifest)]
    for values in releases:
        found += check_values(
            values, chart_version=chart_version, airflow_version=airflow_version, executor=executor, effects=False
        )
    print((time.process_time() - start) * 1000)
    assert not found, found
