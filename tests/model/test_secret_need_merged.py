"""Merging the needs of several readers of one Secret."""

from __future__ import annotations

from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.secret_reference import FernetKeySecret, SecretKey


def key(name: str, key: str, purpose: str = "p") -> needs.SecretNeed:
    return needs.free_key(SecretKey(name, key), "ns", purpose, content=f"content of {key}")


def test_merged_lists_each_secret_once_with_all_keys_in_order() -> None:
    first, other, second = key("a", "x", "one"), key("b", "x"), key("a", "y", "two")
    whole, same = needs.merged([first, other, second])
    assert same == other
    assert (whole.namespace, whole.name, list(whole.keys), whole.purpose) == ("ns", "a", ["x", "y"], "one; two")
    assert whole.command == f"{first.command}\n    {second.added}"


def test_merged_creates_the_same_key_once() -> None:
    (whole,) = needs.merged([key("a", "x", "one"), key("a", "x", "two"), key("a", "x", "one")])
    assert (whole.keys, whole.purpose, whole.command) == ({"x": "content of x"}, "one; two", key("a", "x").command)


def test_merged_adds_a_key_to_the_secret_of_another_command() -> None:
    fernet = needs.random_key(FernetKeySecret("a"), "ns", "encrypts")
    (whole,) = needs.merged([fernet, key("a", "x")])
    assert list(whole.keys) == ["fernet-key", "x"]
    assert whole.command.startswith(fernet.command)
    assert "--dry-run=client -o yaml | kubectl -n ns apply --server-side --field-manager=x -f -" in whole.command


def test_merged_keeps_secrets_of_different_namespaces_apart() -> None:
    there = needs.free_key(SecretKey("a", "x"), "other", "p", content="c")
    assert needs.merged([key("a", "x"), there]) == [key("a", "x"), there]
