"""Independent judges of what the library writes. The library never imports them, and they never import the library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def assert_accepted(manifests: Iterable[Mapping[str, Any]]) -> None:
    """Fail unless the API server takes every one of these manifests, of built-in kinds and of custom resources, and no two are one object.

    For custom resources that is their definition, and for those of CloudNativePG its webhook, too.
    """
    from tests.truth import crds, kinds, webhooks
    from tests.truth.manifests import objects

    wrong = []
    every = list(manifests)
    for manifest in every:
        try:
            (kinds if kinds.is_built_in(manifest) else crds).assert_accepted(manifest)
        except AssertionError as error:
            wrong.append(str(error))
        else:
            wrong += webhooks.refusals(manifest)
    assert not wrong, "\n".join(wrong)
    assert len(objects(every)) == len(every)
