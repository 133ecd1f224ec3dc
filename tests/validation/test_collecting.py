"""Findings are raised on the spot, or all together at the end of a block."""

from __future__ import annotations

import contextvars

import pytest

from cdk8s_airflow.validation import Finding, PlatformError, collecting, report


def finding(at: str) -> Finding:
    return Finding(rule="r/r", at=at, problem="is wrong", fix="fix it")


@collecting()
def fail_after_a_finding(error: BaseException) -> None:
    report([finding("a")])
    raise error


def test_nothing_found_is_nothing_raised() -> None:
    assert report([]) is False
    with collecting() as found:
        assert report([]) is False
    assert found == []


def test_outside_a_block_findings_are_raised_at_once() -> None:
    with pytest.raises(PlatformError) as caught:
        report(iter([finding("a"), finding("b")]))
    assert [one.at for one in caught.value] == ["a", "b"]


def test_inside_a_block_the_program_goes_on_and_all_is_raised_at_its_end() -> None:
    reached = []

    @collecting()
    def program() -> None:
        reached.append(report([finding("a")]))
        reached.append(report([finding("b")]))

    with pytest.raises(PlatformError) as caught:
        program()
    assert reached == [True, True]
    assert [one.at for one in caught.value] == ["a", "b"]


def test_an_error_after_a_finding_is_a_consequence_and_hides_nothing() -> None:
    with pytest.raises(PlatformError) as caught:
        fail_after_a_finding(KeyError("consequence"))
    assert str(caught.value) == str(finding("a"))
    assert caught.value.__suppress_context__


def test_an_error_of_ours_that_is_raised_joins_the_findings() -> None:
    with pytest.raises(PlatformError) as caught:
        fail_after_a_finding(PlatformError([finding("b")]))
    assert [one.at for one in caught.value] == ["a", "b"]


def test_an_error_without_any_finding_stays_what_it_is() -> None:
    with pytest.raises(KeyError, match="own"), collecting():
        raise KeyError("own")


def test_an_interrupt_is_never_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        fail_after_a_finding(KeyboardInterrupt())


def test_after_a_block_findings_are_raised_at_once_again() -> None:
    with pytest.raises(PlatformError), collecting():
        report([finding("a")])
    with pytest.raises(PlatformError, match="b"):
        report([finding("b")])


def test_an_inner_block_keeps_its_findings_to_itself() -> None:
    with collecting() as outer:
        with pytest.raises(PlatformError, match="a"), collecting():
            report([finding("a")])
        assert outer == []


def test_blocks_of_other_contexts_do_not_see_each_other() -> None:
    with collecting() as found:
        with pytest.raises(PlatformError):
            contextvars.Context().run(report, [finding("a")])
        assert found == []
