"""Our frozen dataclasses behave as those of the standard library; only their declaration is cheaper."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from cdk8s_airflow.validation import documentation
from cdk8s_airflow.validation.frozen import frozen

STANDARD = dataclasses.dataclass(frozen=True, kw_only=True)


def declared(decorate: Callable[[type], Any]) -> Any:
    class Setting:
        """A setting."""

        shared: ClassVar[str] = "x"

        name: str
        count: int = 1
        more: tuple[str, ...] = dataclasses.field(default_factory=tuple)
        hidden: str = dataclasses.field(default="", repr=False)
        aside: str = dataclasses.field(default="", compare=False)

    return decorate(Setting)


OURS, THEIRS = declared(frozen), declared(STANDARD)


@frozen(kw_only=False)
class Pair:
    """Positional, and picklable because it has a home."""

    left: int
    right: int = 2


@frozen
class Base:
    """A setting to inherit from."""

    name: str


class Plain(Base):
    """Inherits without being a dataclass itself."""


@frozen
class Child(Base):
    """Inherits as a dataclass."""

    age: int = 3


@frozen(init=False)
class Own:
    """Makes itself."""

    name: str

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "name", name.upper())

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def __eq__(self, other: object) -> bool:
        return True


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "a"},
        {"name": "a", "count": 2},
        {"name": "a", "more": ("b",)},
        {"name": "a", "hidden": "h"},
        {"name": "a", "aside": "s"},
    ],
)
def test_text_equality_and_hash_are_those_of_a_standard_one(arguments: dict[str, Any]) -> None:
    ours, theirs = OURS(**arguments), THEIRS(**arguments)
    written = ", ".join(f"{name}={value!r}" for name, value in arguments.items() if name != "hidden")
    assert repr(ours) == f"{OURS.__qualname__}({written})"
    for other in ({"name": "a"}, {"name": "b"}):
        assert (ours == OURS(**other)) is (theirs == THEIRS(**other))
    assert hash(ours) == hash(theirs)
    assert ours != theirs
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)


def test_its_signature_and_fields_are_those_of_a_standard_one() -> None:
    ours, theirs = (inspect.signature(made).parameters for made in (OURS, THEIRS))
    assert {name: (each.kind, each.annotation) for name, each in ours.items()} == {
        name: (each.kind, each.annotation) for name, each in theirs.items()
    }
    assert [field.name for field in dataclasses.fields(OURS)] == [field.name for field in dataclasses.fields(THEIRS)]
    assert OURS.__match_args__ == THEIRS.__match_args__
    assert OURS.__doc__ == "A setting."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({}, "missing 1 required keyword-only argument: 'name'"), ({"name": "a", "size": 1}, "unexpected keyword .*size")],
)
def test_wrong_arguments_are_refused_in_the_same_words(arguments: dict[str, Any], words: str) -> None:
    for made in (OURS, THEIRS):
        with pytest.raises(TypeError, match=words):
            made(**arguments)


@pytest.mark.parametrize("name", ["name", "count", "shared", "unheard_of"])
def test_nothing_can_be_changed(name: str) -> None:
    ours = OURS(name="a")
    before = repr(ours)
    with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot assign to field '{name}'"):
        setattr(ours, name, "b")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'name'"):
        del ours.name
    assert repr(ours) == before


def test_a_default_is_given_by_position_where_that_is_wanted() -> None:
    assert Pair(1) == Pair(1, 2) == Pair(left=1)
    with pytest.raises(TypeError, match="positional"):
        Base("a")  # type: ignore[call-arg]


def test_copies_are_equal_and_frozen() -> None:
    pair = Pair(1, 3)
    for other in (copy.copy(pair), copy.deepcopy(pair), pickle.loads(pickle.dumps(pair))):
        assert other == pair
        with pytest.raises(dataclasses.FrozenInstanceError):
            other.left = 5  # type: ignore[misc]
    assert dataclasses.replace(pair, right=4) == Pair(1, 4)


def test_classes_inherit_from_each_other() -> None:
    assert Child(name="a") == Child(name="a", age=3) != Child(name="a", age=4)
    assert Plain(name="a") != Base(name="a")
    assert repr(Plain(name="a")) == "Plain(name='a')"
    assert repr(Child(name="a")) == "Child(name='a')"
    for made in (Child(name="a"), Plain(name="a")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            made.name = "b"  # type: ignore[misc]


def test_methods_of_its_own_stay() -> None:
    own = Own("a")
    assert repr(own) == "<A>"
    assert own == 5
    assert hash(own) == hash(("A",))
    with pytest.raises(dataclasses.FrozenInstanceError):
        own.name = "b"  # type: ignore[misc]


def test_what_contains_itself_is_still_shown() -> None:
    holder: list[object] = []
    pair = Pair(1, holder)  # type: ignore[arg-type]
    holder.append(pair)
    assert repr(pair) == "Pair(left=1, right=[...])"


def test_a_class_that_nobody_uses_is_no_dataclass_yet_and_becomes_one_at_any_use() -> None:
    uses: list[Callable[[Any], object]] = [
        lambda made: made(name="a"),
        lambda made: made(name="a", count=3),
        dataclasses.fields,
        dataclasses.is_dataclass,
        inspect.signature,
        lambda made: inspect.signature(made.__init__).parameters["name"],
        lambda made: type("Child", (made,), {})(name="a"),
        lambda made: inspect.signature(type("Child", (made,), {})),
        lambda made: frozen(type("Child", (made,), {"__annotations__": {"age": "int"}}))(name="a", age=1),
    ]
    for use in uses:
        made = declared(frozen)
        assert not isinstance(vars(made)["__dataclass_fields__"], dict)
        assert use(made)
        assert isinstance(vars(made)["__dataclass_fields__"], dict)
        assert made(name="a", count=2).count == 2
        assert list(inspect.signature(made).parameters) == list(inspect.signature(THEIRS).parameters)


def test_the_signature_of_a_class_that_inherits_is_its_own() -> None:
    @frozen
    class Parent:
        """A parent."""

        name: str

    class Written(Parent):
        """Makes itself."""

        def __init__(self, first: str) -> None:
            super().__init__(name=first)

    assert str(inspect.signature(Written)) == "(first: str)"
    assert str(inspect.signature(Parent)) == "(*, name: str)"
    assert Written("a").name == "a"


def test_a_first_use_with_wrong_arguments_is_refused_like_any_other() -> None:
    made = declared(frozen)
    for _ in range(2):
        with pytest.raises(TypeError, match=r"__init__\(\) missing 1 required keyword-only argument: 'name'"):
            made()


def test_nothing_is_composed_or_compiled_for_a_class_that_is_used_rightly(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("composed or compiled")

    made = declared(frozen)
    monkeypatch.setattr(documentation, "_signature", fail)
    monkeypatch.setattr(documentation, "_docstring", fail)
    monkeypatch.setattr(dataclasses, "make_dataclass", fail)
    one = made(name="a", count=2)
    assert dataclasses.replace(one, more=("b",)) == made(name="a", count=2, more=("b",))
    assert list(vars(one)) == [field.name for field in dataclasses.fields(made)]


def test_the_signature_has_positions_types_and_factories_of_a_standard_one() -> None:
    @dataclasses.dataclass(frozen=True)
    class Standard:
        left: int
        right: int = 2

    for ours, theirs in ((Pair, Standard), (OURS, THEIRS)):
        assert [
            (each.name, each.kind, each.default is inspect.Parameter.empty)
            for each in inspect.signature(ours.__init__).parameters.values()
        ] == [
            (each.name, each.kind, each.default is inspect.Parameter.empty)
            for each in inspect.signature(theirs.__init__).parameters.values()
        ]
    assert OURS.__init__.__qualname__ == f"{OURS.__qualname__}.__init__"


@pytest.mark.parametrize(
    ("args", "arguments", "words"),
    [
        ((1, 2, 3), {}, "takes from 2 to 3 positional arguments but 4 were given"),
        ((1,), {"left": 1}, "got multiple values for argument 'left'"),
        ((), {"right": 1}, "missing 1 required positional argument: 'left'"),
    ],
)
def test_wrong_positions_are_refused_in_the_words_of_python(
    args: tuple[int, ...], arguments: dict[str, int], words: str
) -> None:
    with pytest.raises(TypeError, match=rf"^Pair\.__init__\(\) {words}$"):
        Pair(*args, **arguments)


def test_post_init_runs_and_each_object_has_its_own_defaults_of_factories() -> None:
    @frozen
    class Checked:
        """Checks itself."""

        names: list[str] = dataclasses.field(default_factory=list)

        def __post_init__(self) -> None:
            if "bad" in self.names:
                raise ValueError("bad")

    assert Checked().names is not Checked().names
    with pytest.raises(ValueError, match="bad"):
        Checked(names=["bad"])


def test_an_init_of_its_own_stays() -> None:
    @frozen(kw_only=False)
    class Many:
        """Takes any number."""

        names: tuple[str, ...]

        def __init__(self, *names: str) -> None:
            object.__setattr__(self, "names", names)

    assert Many("a", "b").names == ("a", "b")
    assert str(inspect.signature(Many)) == "(*names: str)"
    assert [field.name for field in dataclasses.fields(Many)] == ["names"]
