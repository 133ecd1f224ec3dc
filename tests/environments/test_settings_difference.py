"""How the settings of two environments differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from cdk8s_airflow import Volume
from cdk8s_airflow.environments.settings_difference import flat_settings, setting_differences, with_expected


@dataclass(frozen=True)
class Sizes:
    storage: Volume = field(default_factory=lambda: Volume("10Gi"))
    schedulers: int = 1


@dataclass(frozen=True)
class Settings:
    host: str
    sizes: Sizes = Sizes()
    tags: Mapping[str, str] = field(default_factory=dict)
    zones: tuple[str, ...] = ()


STAGING = Settings("staging.lab", tags={"team": "data"})
PROD = Settings("prod.lab", Sizes(Volume("50Gi"), 2), {"team": "data", "tier": "1"}, ("a", "b"))


def test_flat_settings_have_a_path_for_each_field_entry_and_item() -> None:
    assert flat_settings(PROD) == {
        "host": "'prod.lab'",
        "sizes.storage.size": "'50Gi'",
        "sizes.storage.storage_class": "None",
        "sizes.storage.access_mode": "None",
        "sizes.schedulers": "2",
        "tags.team": "'data'",
        "tags.tier": "'1'",
        "zones[0]": "'a'",
        "zones[1]": "'b'",
    }
    assert flat_settings(STAGING)["zones"] == "()"


def test_secret_in_a_setting_is_not_shown() -> None:
    assert "ghp_" not in str(flat_settings(Settings("ghp_" + "a1B2c3D4e5F6" * 3)))


def test_differences_leave_out_what_is_expected() -> None:
    found = setting_differences(flat_settings(STAGING), flat_settings(PROD), ["host", "sizes.storage", "zones"])
    assert found == [("sizes.schedulers", "1", "2"), ("tags.tier", None, "'1'")]


@pytest.mark.parametrize(
    ("expected", "changed"),
    [
        (["host"], Settings("staging.lab", PROD.sizes, PROD.tags, PROD.zones)),
        (["sizes.storage.size"], Settings("prod.lab", Sizes(Volume("10Gi"), 2), PROD.tags, PROD.zones)),
        (["sizes", "zones", "tags", "host"], STAGING),
        ([], PROD),
    ],
)
def test_expected_fields_are_taken_from_the_other_environment(expected: list[str], changed: Settings) -> None:
    assert with_expected(PROD, STAGING, expected) == changed
