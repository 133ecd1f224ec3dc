"""git-sync: its keys in every version, its Secrets, and the certificate that it trusts."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.wire.git_sync import GIT_SYNC, git_sync_needs, git_sync_notes
from cdk8s_airflow.model.secret_reference import (
    ConfigMapKey,
    GitSshSecret,
    SecretKey,
)
from tests.airflow.wire.samples import PAIRS, SMALL_WIRE, Pair, called, git, release, values_of

NEWEST = ("1.22.0", "3.2.2")


every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)


CONTAINER = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@every_pair
def test_git_sync_has_the_same_ref_in_every_key(pair: Pair) -> None:
    assert values_of(GIT_SYNC, release(pair, dags=git())) == {
        "dags": {
            "gitSync": {
                "enabled": True,
                "repo": "https://git.example.com/dags.git",
                "ref": "v1",
                "branch": "v1",
                "rev": "HEAD",
                "subPath": "flows",
                "period": "2m",
                "depth": 3,
                "maxFailures": 7,
                "containerName": "pull",
                "resources": SMALL_WIRE,
                "credentialsSecret": "git-token",
                "securityContexts": {"container": {"runAsUser": 65533, **CONTAINER}},
            }
        }
    }


def test_git_without_credentials_names_no_secret() -> None:
    sync = values_of(GIT_SYNC, release(NEWEST, dags=git(credentials=None)))["dags"]["gitSync"]
    assert {"credentialsSecret", "sshKeySecret", "knownHosts"}.isdisjoint(sync)
    assert list(git_sync_needs(release(NEWEST, dags=git(credentials=None)))) == []


def test_git_over_ssh_has_a_key_and_host_keys_that_end_in_one_line_break() -> None:
    ssh = git(repo="git@h:d.git", credentials=GitSshSecret("git-ssh"), known_hosts="h ssh-ed25519 AAAA\n\n")
    sync = values_of(GIT_SYNC, release(NEWEST, dags=ssh))["dags"]["gitSync"]
    assert sync["sshKeySecret"] == "git-ssh"
    assert sync["knownHosts"] == "h ssh-ed25519 AAAA\n"
    assert "credentialsSecret" not in sync
    (need,) = git_sync_needs(release(NEWEST, dags=ssh))
    assert list(need.keys) == ["gitSshKey"]


@pytest.mark.parametrize(
    ("ca", "source"),
    [
        (
            SecretKey("ca", "root.pem"),
            {"secret": {"secretName": "ca", "items": [{"key": "root.pem", "path": "ca.crt"}]}},
        ),
        (
            ConfigMapKey("ca", "root.pem"),
            {"configMap": {"name": "ca", "items": [{"key": "root.pem", "path": "ca.crt"}]}},
        ),
    ],
    ids=["secret", "config-map"],
)
@every_pair
def test_a_private_authority_reaches_every_git_sync_by_a_global_volume(
    pair: Pair, ca: SecretKey | ConfigMapKey, source: dict[str, object]
) -> None:
    values = values_of(GIT_SYNC, release(pair, dags=git(ca=ca)))
    assert values["volumes"] == [{"name": "git-ca", **source}]
    sync = values["dags"]["gitSync"]
    assert sync["env"] == [{"name": "GIT_SSL_CAINFO", "value": "/etc/git-ca/ca.crt"}]
    assert sync["extraVolumeMounts"] == [{"name": "git-ca", "mountPath": "/etc/git-ca", "readOnly": True}]


def test_the_certificate_that_git_sync_trusts_is_named_with_how_to_make_it() -> None:
    pair = ("1.22.0", "3.2.2")
    (note,) = git_sync_notes(release(pair, dags=git(ca=ConfigMapKey("lab-ca", "root.pem"))))
    assert note.endswith("create configmap lab-ca --from-file=root.pem=FILE")
    (note,) = git_sync_notes(release(pair, dags=git(ca=SecretKey("lab-ca", "root.pem"))))
    assert note.endswith("create secret generic lab-ca --from-file=root.pem=FILE")
    assert list(git_sync_notes(release(pair, dags=git()))) == []
