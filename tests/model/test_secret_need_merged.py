"""Secrets from which several readers take keys."""

from __future__ import annotations

from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.secret_reference import FernetKeySecret, SecretKey


def key(name: str, key: str, purpose: str = "p") -> needs.SecretNeed:
    return needs.free_key(SecretKey(name, key), "ns", purpose, content=f"content of {key}")


def test_a_secret_is_named_once_with_all_its_keys_in_the_order_they_came() -> None:
    first, other, second = key("a", "x", "one"), key("b", "x"), key("a", "y", "two")
    whole, same = needs.merged([first, other, second])
    assert same == other
    assert (whole.namespace, whole.name, list(whole.keys), whole.purpose) == ("ns", "a", ["x", "y"], "one; two")
    assert whole.command == f"{first.command}\n    {second.added}"


def test_the_same_key_is_made_once() -> None:
    (whole,) = needs.merged([key("a", "x", "one"), key("a", "x", "two"), key("a", "x", "one")])
    assert (whole.keys, whole.purpose, whole.command) == ({"x": "content of x"}, "one; two", key("a", "x").command)


def test_a_key_is_added_to_a_secret_that_another_command_makes() -> None:
    fernet = needs.random_key(FernetKeySecret("a"), "ns", "encrypts")
    (whole,) = needs.merged([fernet, key("a", "x")])
    assert list(whole.keys) == ["fernet-key", "x"]
    assert whole.command.startswith(fernet.command)
    assert "--dry-run=client -o yaml | kubectl -n ns apply --server-side --field-manager=x -f -" in whole.command


def test_secrets_of_one_name_in_two_namespaces_are_two() -> None:
    there = needs.free_key(SecretKey("a", "x"), "other", "p", content="c")
    assert needs.merged([key("a", "x"), there]) == [key("a", "x"), there]
