"""The text of Helm values, read back by everyone who stands between this library and a chart's template."""

from __future__ import annotations

import base64
import io
import json
import math
import os
import random
import re
import subprocess
from collections.abc import Callable
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from cdk8s_airflow.text.yaml_writer import LARGEST_NUMBER, escape_template, values_text
from cdk8s_airflow.validation import PlatformError
from tests.truth import manifests

SINGLE_WORDS = r"""
y Y n N yes Yes YES no No NO on On ON off Off OFF true True TRUE false False FALSE null Null NULL ~
0 1 -1 +1 08 09 007 0o17 0O17 0x1F 0b101 1_000 _1 1e3 1E5 1e-3 1.5e3 .5 5. -.5 +.5 1e 12e4567 1.0 -0 -0.0
.inf -.inf +.INF .Inf .nan .NaN .NAN inf nan NaN Infinity 190:20:30 1:30 12:30:45 12:30:45.5 1__0 0_ 0x
2024-01-01 2024-01-01T00:00:00Z = << <<: *a &a !a !!str !<x> @a `a` %a | > |- >+ ? - : # --- ... -- -x ?x :x
{} [] {a [a {{ }} {{}} {{{ {{{{ }}}} , a,b a: a:b :a a:: ' '' " "" \ \n ' " a'b a"b a\b 'a' "a" /a/b
500m 10Gi 1.22.0 3.2.2 v1 a_b https://a.b:443/c?d=e&f=g#h 1e5 08123 e5 E5 0e0 00 f off. y. 1.2.3 0.0.0.0/0 ::1
é ñandú 日本語 😀 👩‍👩‍👧 𝒳 ﬁ ı İ ß Ω ٣ १ ．５ ｙ
"""

WORDS_OF_SOME_READER = [
    *SINGLE_WORDS.split(),
    *("", " ", "  ", "\t", "\n", "\n\n", " a", "a ", "a\t", "\ta", "a\tb", "a\nb", "a\nb\n", "a\nb\n\n", "\na", "\n\na\n"),
    *("a\n\nb", "a \nb", " a\nb", "\ta\nb", "a\n\tb", "a\n b\nc", "a\n  \nb", "a\r\nb", "a\rb", "\r", "a\n\n\n", "\n a", "\n\n\ta"),
    *("a #b", "#a", "a\n#b", "#a\nb", "a: b", "a :b", "a : b", "a:\nb: c", "- a\n- b", "a\n---\nb", "---\na", "a\n...\n", "...\n"),
    *("%YAML 1.1\n---\na: 1\n", "key: |\n  a\n", "a  b", "a   ", "null\n", "y\n", "1\n2\n", "=\n", "? a\n: b\n", "!x\ny"),
    *("\x00", "\x01", "\x07", "\x08", "\x0b", "\x0c", "\x1b[0m", "\x1f", "\x7f", "\x80", "\x84", "\x85", "a\x85b", "a\n\x85b"),
    *("\x9f", "\xa0", "\xad", "\u2028", "\u2029", "a\u2028b\nc", "\ufeff", "a\ufeffb", "\ufeffa\nb", "\u200b", "\u202e", "\u2060"),
    *("\ufffd", "\ufffe", "\uffff", "\ue000", "\ufdd0", "\U0001fffe", "\U000e0001", "\U0010ffff", "\u0300a", "\u3000", "\u1680"),
    *("a\u00a0\nb", "é\nü\n", "😀\n😀", '{"a": [1, "b"]}', "{'a': 1}", '{"a":\n 1}', "x" * 5000, "x y " * 400, "a'b\"c\\d\ne'f"),
    *("dag_id={{ ti.dag_id }}", "{{- if a }}", "{{/* c */}}", "`{{`", "{{`", "<novalue>", "<a>&b", "$(X) ${Y} $$", "@x", "a@b", "*/5 * * * *"),
]  # fmt: skip
"""Texts that at least one reader of YAML is known to take for something else, and texts that look innocent."""

NASTY_FRAGMENTS = [text for text in WORDS_OF_SOME_READER if len(text) < 20]

texts = st.one_of(
    st.sampled_from(WORDS_OF_SOME_READER),
    st.lists(st.sampled_from(NASTY_FRAGMENTS), max_size=6).map("".join),
    st.lists(st.sampled_from(NASTY_FRAGMENTS), max_size=6).map("\n".join),
    st.text(alphabet=st.sampled_from("ab01 \t\n\r:#-'\"\\{}[]|>&*!%@`?=,._~yneEx+"), max_size=30),
    st.text(max_size=30),
).filter(lambda text: "<no value>" not in text)
keys = texts.filter(lambda text: len(text) < 120)
numbers = st.one_of(
    st.integers(-LARGEST_NUMBER, LARGEST_NUMBER),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -0.0, 1.0, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 0.1, 1e16, 123456789.25]),
)
leaves = st.one_of(st.none(), st.booleans(), numbers, texts)
trees = st.dictionaries(
    keys,
    st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
    ),
    max_size=5,
)
CHEAP = {"deadline": None, "derandomize": True, "database": None, "suppress_health_check": list(HealthCheck)}


def _yaml_1_2(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(io.StringIO(text))


READERS: dict[str, Callable[[str], Any]] = {
    "PyYAML, C": lambda text: yaml.load(text, Loader=yaml.CSafeLoader),
    "PyYAML, Python": lambda text: yaml.load(text, Loader=yaml.SafeLoader),
    "ruamel.yaml, 1.2": _yaml_1_2,
}


def same(left: object, permission: object) -> bool:
    """Equal in type and value, all the way down: ``True`` is not ``1``, and ``1.0`` is not ``1``."""
    if isinstance(left, dict) and isinstance(permission, dict):
        return left.keys() == permission.keys() and all(same(left[key], permission[key]) for key in left)
    if isinstance(left, list) and isinstance(permission, list):
        return len(left) == len(permission) and all(map(same, left, permission))
    return type(left) is type(permission) and left == permission


def sameness_for_json(value: object) -> object:
    """The tree as JSON has it: one kind of number."""
    if isinstance(value, dict):
        return {key: sameness_for_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [sameness_for_json(item) for item in value]
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


# --- the shape of the text -----------------------------------------------------------------------------------------------------


def test_text_is_sorted_readable_and_ends_with_one_newline() -> None:
    tree = {
        "workers": {
            "replicas": 2,
            "persistence": {"enabled": False},
            "env": [{"name": "B", "value": "1e5"}, {"name": "A"}],
        },
        "airflow": {"args": ["bash", "-c", "set -e\nrun\n"], "note": "one\ntwo", "nothing": None, "none": [], "no": {}},
        "images": {"airflow": {"tag": "3.2.2", "repository": "registry.lab:5000/airflow"}},
        "name": "Größe 😀",
        "json": '{"a": 1}',
    }
    assert values_text(tree) == (
        "airflow:\n"
        "  args:\n"
        "    - bash\n"
        '    - "-c"\n'
        "    - |\n"
        "      set -e\n"
        "      run\n"
        '  "no": {}\n'
        "  none: []\n"
        "  note: |-\n"
        "    one\n"
        "    two\n"
        "  nothing: null\n"
        "images:\n"
        "  airflow:\n"
        "    repository: registry.lab:5000/airflow\n"
        '    tag: "3.2.2"\n'
        "json: '{\"a\": 1}'\n"
        "name: Größe 😀\n"
        "workers:\n"
        "  env:\n"
        "    - name: B\n"
        '      value: "1e5"\n'
        "    - name: A\n"
        "  persistence:\n"
        "    enabled: false\n"
        "  replicas: 2\n"
    )


def test_an_empty_tree_is_an_empty_mapping() -> None:
    assert values_text({}) == "{}\n"


def test_order_of_insertion_changes_nothing() -> None:
    forward = {"a": {"x": 1, "y": 2}, "b": [1, 2]}
    backward = {"b": [1, 2], "a": {"y": 2, "x": 1}}
    assert values_text(forward) == values_text(backward)


def test_a_shared_part_is_written_twice_and_never_as_an_alias() -> None:
    shared = {"cpu": "500m"}
    text = values_text({"a": shared, "b": [shared, shared]})
    assert text.count("cpu:") == 3
    assert not set("&*") & set(text)


def test_long_text_stays_on_its_line() -> None:
    assert len(values_text({"a": "word " * 2000 + "end"}).splitlines()) == 1


def test_invisible_characters_are_written_as_escapes() -> None:
    text = values_text({"a": "x\u202ey\u200bz\ufeff\x85\u2028\x00", "b": "first\nse\u200bcond"})
    assert text == 'a: "x\\u202Ey\\u200Bz\\uFEFF\\u0085\\u2028\\u0000"\nb: "first\\nse\\u200Bcond"\n'


def test_enums_and_tuples_are_what_they_hold() -> None:
    class Colour(str, Enum):
        RED = "red"

    class Count(IntEnum):
        TWO = 2

    assert values_text({Colour.RED: (Colour.RED, Count.TWO)}) == "red:\n  - red\n  - 2\n"


# --- read back in this process ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("place", ["value", "key", "item", "deep"])
def test_every_known_nasty_text_comes_back(reader: str, place: str) -> None:
    def tree(text: str) -> dict[str, object]:
        return {
            "value": {"v": text, "z": 1},
            "key": {text: text, "zz": {text: 1}},
            "item": {"v": [text, [text], {"x": text}], "z": 1},
            "deep": {"a": {"b": [{"c": [[text]], "d": text}]}, "z": text},
        }[place]

    usable = [text for text in WORDS_OF_SOME_READER if place != "key" or len(text) < 900]
    lost = [text for text in usable if not same(READERS[reader](values_text(tree(text))), tree(text))]
    assert lost == []


@given(trees)
@settings(max_examples=300, **CHEAP)
def test_any_tree_comes_back_from_both_yaml_1_1_readers_and_is_plain_to_see(tree: dict[str, object]) -> None:
    text = values_text(tree)
    assert same(READERS["PyYAML, C"](text), tree)
    assert same(READERS["PyYAML, Python"](text), tree)
    assert re.search(r"[^\n]\n\Z", text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff]", text)
    assert not re.search("[ \t]$", text, re.MULTILINE)


@given(trees)
@settings(max_examples=150, **CHEAP)
def test_any_tree_comes_back_from_yaml_1_2(tree: dict[str, object]) -> None:
    assert same(READERS["ruamel.yaml, 1.2"](values_text(tree)), tree)


@given(texts)
@settings(max_examples=800, **CHEAP)
def test_any_text_comes_back_from_both_kinds_of_yaml(text: str) -> None:
    written = values_text({"v": text, "w": [text]})
    assert all(same(read(written), {"v": text, "w": [text]}) for read in READERS.values())


def test_pyyaml_alone_changes_some_of_these_strings() -> None:
    """The reason for the writer: what the obvious emitter leaves unquoted, a reader of the other YAML takes for a number."""
    lost = [text for text in WORDS_OF_SOME_READER if not same(_yaml_1_2(yaml.safe_dump({"v": text})), {"v": text})]
    assert {"1e3", "0o17"} <= set(lost)


# --- what cannot arrive ------------------------------------------------------------------------------------------------------------


def _cycle() -> dict[str, object]:
    tree: dict[str, object] = {}
    tree["again"] = [tree, tree]
    return {"a": tree}


@pytest.mark.parametrize(
    ("tree", "rule", "at"),
    [
        ({"a": {"b": 2**53 + 1}}, "text/number-range", "values.a.b"),
        ({"a": [0, -(2**53) - 1]}, "text/number-range", "values.a[1]"),
        ({"a": 12345678901234567890}, "text/number-range", "values.a"),
        ({"a": math.inf}, "text/number-finite", "values.a"),
        ({"a": -math.inf}, "text/number-finite", "values.a"),
        ({"a": [math.nan]}, "text/number-finite", "values.a[0]"),
        ({"a": "x\ud800"}, "text/surrogate", "values.a"),
        ({"a": {"\udfff": 1}}, "text/surrogate", "values.a (a key)"),
        ({"a": "one <no value> two"}, "text/erased", "values.a"),
        ({"a": b"bytes"}, "text/type", "values.a"),
        ({"a": {1, 2}}, "text/type", "values.a"),
        ({"a": object()}, "text/type", "values.a"),
        ({"a": Path("/x")}, "text/type", "values.a"),
        ({"a": 1j}, "text/type", "values.a"),
        ({1: "a"}, "text/key-type", "values"),
        ({"a": {True: 1}}, "text/key-type", "values.a"),
        ({"a": {None: 1}}, "text/key-type", "values.a"),
        ({"a": {"k" * 1001: 1}}, "text/key-length", "values.a"),
        ({"a": {"\u200b" * 200: 1}}, "text/key-length", "values.a"),
        (_cycle(), "text/depth", None),
        (["a"], "text/type", "values"),
    ],
)
def test_what_cannot_arrive_is_refused_with_its_place(tree: Any, rule: str, at: str | None) -> None:
    with pytest.raises(PlatformError) as caught:
        values_text(tree)
    (finding,) = caught.value.findings
    assert finding.rule == rule
    assert at is None or finding.at == at
    assert finding.fix
    str(caught.value).encode("utf-8")


def test_all_findings_come_at_once() -> None:
    with pytest.raises(PlatformError) as caught:
        values_text({"a": math.inf, "b": [b"x", {"c": 2**60}], "d": {3: 1}})
    assert {(finding.rule, finding.at) for finding in caught.value.findings} == {
        ("text/number-finite", "values.a"),
        ("text/type", "values.b[0]"),
        ("text/number-range", "values.b[1].c"),
        ("text/key-type", "values.d"),
    }


def test_the_largest_numbers_and_keys_are_still_taken() -> None:
    tree = {"a": [2**53, -(2**53)], "k" * 1000: 1}
    assert all(same(read(values_text(tree)), tree) for read in READERS.values())


# --- through cdk8s ---------------------------------------------------------------------------------------------------------------------


def _many_trees(count: int, seed: int) -> list[dict[str, object]]:
    chance = random.Random(seed)

    def text() -> str:
        joiner = chance.choice(["", "", "\n", " "])
        return joiner.join(chance.choice(NASTY_FRAGMENTS) for _ in range(chance.randrange(1, 6)))

    def value(depth: int) -> object:
        kind = chance.randrange(8 if depth < 4 else 5)
        if kind < 4:
            return text()
        if kind == 4:
            return chance.choice([None, True, False, 0, -7, 2**53, 1.5, -0.0, 1e21, 5e-324])
        if kind == 5:
            return [value(depth + 1) for _ in range(chance.randrange(4))]
        return {text(): value(depth + 1) for _ in range(chance.randrange(5))}

    trees = [{text(): value(0) for _ in range(chance.randrange(1, 8))} for _ in range(count)]
    return [{"last": words} for words in WORDS_OF_SOME_READER] + trees


def helm_chart(name: str, text: str) -> dict[str, Any]:
    return {
        "apiVersion": "helm.cattle.io/v1",
        "kind": "HelmChart",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"chart": "airflow", "valuesContent": text},
    }


@pytest.fixture(scope="session")
def sent() -> dict[str, dict[str, object]]:
    """Values trees by the name of the HelmChart that carries them."""
    return {f"release-{number}": tree for number, tree in enumerate(_many_trees(count=150, seed=20))}


@pytest.fixture(scope="session")
def synthesized(sent: dict[str, dict[str, object]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that cdk8s writes for HelmCharts with these values."""
    import cdk8s

    folder = tmp_path_factory.mktemp("synth")
    app = cdk8s.App(outdir=str(folder), record_construct_metadata=False)
    chart = cdk8s.Chart(app, "all")
    for name, tree in sent.items():
        manifest = helm_chart(name, values_text(tree))
        resource = cdk8s.ApiObject(
            chart, name, api_version=manifest["apiVersion"], kind=manifest["kind"], metadata=manifest["metadata"]
        )
        resource.add_json_patch(cdk8s.JsonPatch.add("/spec", manifest["spec"]))
    app.synth()
    (file,) = folder.glob("*.yaml")
    return file


def test_values_come_back_through_the_file_that_cdk8s_writes(sent: dict[str, Any], synthesized: Path) -> None:
    read = {item["metadata"]["name"]: item for item in manifests.load(synthesized)}
    assert read.keys() == sent.keys()
    lost = [name for name, tree in sent.items() if not same(manifests.values_of(read[name]), tree)]
    assert lost == []
    changed = [name for name, tree in sent.items() if read[name]["spec"]["valuesContent"] != values_text(tree)]
    assert changed == []


def test_values_come_back_through_a_yaml_1_2_reader_of_that_file(sent: dict[str, Any], synthesized: Path) -> None:
    documents = YAML(typ="safe", pure=True).load_all(synthesized.read_text(encoding="utf-8"))
    read = {item["metadata"]["name"]: _yaml_1_2(item["spec"]["valuesContent"]) for item in documents}
    lost = [name for name, tree in sent.items() if not same(read[name], tree)]
    assert lost == []


def test_usual_values_stay_a_readable_block_in_the_file(tmp_path: Path) -> None:
    import cdk8s

    app = cdk8s.App(outdir=str(tmp_path), record_construct_metadata=False)
    text = values_text({"a": {"b": "y", "script": "set -e\n\trun\n"}, "z": "😀 - # : '"})
    resource = cdk8s.ApiObject(cdk8s.Chart(app, "all"), "release", api_version="helm.cattle.io/v1", kind="HelmChart")
    resource.add_json_patch(cdk8s.JsonPatch.add("/spec", {"valuesContent": text}))
    app.synth()
    (file,) = tmp_path.glob("*.yaml")
    block = "".join(f"    {line}" for line in text.splitlines(keepends=True))
    assert f"  valuesContent: |\n{block}" in file.read_text(encoding="utf-8")


# --- through the real programs ---------------------------------------------------------------------------------------------------


def _program(name: str) -> str:
    folder = os.environ.get("CDK8S_AIRFLOW_CHARTS", "")
    if not folder:
        pytest.skip(f"no real {name}: CDK8S_AIRFLOW_CHARTS does not name a folder with bin/{name}")
    file = Path(folder) / "bin" / name
    if not file.is_file():
        pytest.skip(f"no real {name}: {file} is not there")
    return str(file)


def test_values_come_back_through_the_real_kubectl(sent: dict[str, Any], synthesized: Path) -> None:
    """kubectl reads the manifest with the reader that a cluster's tools have, and prints what it would send, as JSON."""
    command = [_program("kubectl"), "annotate", "--local", "-f", str(synthesized), "seen=yes", "-o", "json"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout
    decoder, position, read = json.JSONDecoder(), 0, {}
    while position < len(output):
        item, position = decoder.raw_decode(output, position)
        position += len(output[position:]) - len(output[position:].lstrip())
        for resource in item.get("items", [item]):
            read[resource["metadata"]["name"]] = resource["spec"]["valuesContent"]
    assert read == {name: values_text(tree) for name, tree in sent.items()}


TEMPLATE = """\
{{- range $name, $tree := .Values.trees }}
tree {{ $name }} {{ toJson $tree | b64enc }}
{{- end }}
{{- range $index, $text := .Values.texts }}
direct {{ $index }} {{ tpl $text $ | b64enc }}
yaml {{ $index }} {{ (fromYaml (tpl (toYaml (dict "text" $text "z" 1)) $)).text | toString | b64enc }}
json {{ $index }} {{ tpl (toJson (dict "text" $text)) $ | b64enc }}
{{- end }}
{{- range $index, $text := .Values.plainly }}
plainly {{ $index }} {{ printf "%v" $text | b64enc }}
toyaml {{ $index }} {{ (fromYaml (toYaml (dict "text" $text "z" 1))).text | toString | b64enc }}
{{- end }}
"""


def _template_texts() -> list[str]:
    chance = random.Random(7)
    pieces = [
        "{",
        "{{",
        "{{{",
        "}",
        "}}",
        "`",
        '"',
        "'",
        "-",
        "/*",
        "*/",
        " ",
        "a",
        "{{-",
        "-}}",
        "\\",
        "\n",
        ".Values.x",
        "{{ fail `x` }}",
    ]
    mixed = ["".join(chance.choice(pieces) for _ in range(chance.randrange(1, 9))) for _ in range(300)]
    return mixed + WORDS_OF_SOME_READER


@pytest.fixture(scope="session")
def rendered(sent: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], bytes]:
    """What real Helm makes of all trees and all escaped texts, in one run: (what, which) -> bytes."""
    helm = _program("helm")
    chart = tmp_path_factory.mktemp("chart")
    (chart / "templates").mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: probe\nversion: 0.0.1\n", encoding="utf-8")
    (chart / "templates" / "NOTES.txt").write_text(TEMPLATE, encoding="utf-8")
    texts = _template_texts()
    tree = {"trees": sent, "texts": [escape_template(text) for text in texts], "plainly": texts}
    (chart / "given.yaml").write_text(values_text(tree), encoding="utf-8", newline="")
    home = {name: str(chart / "home") for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")}
    command = [helm, "install", "probe", str(chart), "-f", str(chart / "given.yaml"), "--dry-run=client", "-o", "json"]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env={**os.environ, **home})
    assert run.returncode == 0, run.stderr[-2000:]
    found = {}
    for line in json.loads(run.stdout)["info"]["notes"].splitlines():
        if line.strip():
            what, which, *content = line.split(" ")
            found[what, which] = base64.b64decode("".join(content))
    return found


def test_helm_reads_the_written_values_unchanged(sent: dict[str, Any], rendered: dict[tuple[str, str], bytes]) -> None:
    lost = [
        name
        for name, tree in sent.items()
        if not same(sameness_for_json(json.loads(rendered["tree", name])), sameness_for_json(tree))
    ]
    assert lost == []
    assert len(sent) > 300


def test_every_text_comes_back_through_the_real_helm(rendered: dict[tuple[str, str], bytes]) -> None:
    texts = _template_texts()
    assert [rendered["plainly", str(index)].decode() for index in range(len(texts))] == texts


@pytest.mark.parametrize("way", ["direct", "json"])
def test_escaped_text_comes_back_through_the_real_template_engine(
    way: str, rendered: dict[tuple[str, str], bytes]
) -> None:
    def read(content: bytes) -> str:
        return content.decode() if way == "direct" else json.loads(content)["text"]

    lost = [text for index, text in enumerate(_template_texts()) if read(rendered[way, str(index)]) != text]
    assert lost == []


def test_escaped_text_comes_back_from_a_structure_that_was_made_yaml_first(
    rendered: dict[tuple[str, str], bytes],
) -> None:
    """Charts write ``tpl (toYaml ...)``: the escape adds nothing to what Helm's own YAML writer loses without any template."""
    texts = dict(enumerate(_template_texts()))
    changed = [text for index, text in texts.items() if rendered["yaml", str(index)] != rendered["toyaml", str(index)]]
    assert changed == []
    lost_by_helm = {text for index, text in texts.items() if rendered["toyaml", str(index)] != text.encode()}
    assert [text for text in lost_by_helm if not re.search("[\x7f-\x9f\ufffe\uffff]", text)] == []


# --- templates, without Helm -------------------------------------------------------------------------------------------------------


def engine(text: str) -> str:
    """A small model of the template engine: text, and actions that print one constant; anything else is an error."""
    done, rest = "", text
    while True:
        before, opened, rest = rest.partition("{{")
        done += before
        if not opened:
            return done
        action = re.match(r"\s*(?:`([^`]*)`|\"([^\"\\]*)\")\s*\}\}", rest)
        if action is None:
            raise ValueError(f"not a constant: {rest[:20]!r}")
        done += action.group(1) if action.group(1) is not None else action.group(2)
        rest = rest[action.end() :]


@given(texts | st.text(alphabet="{}`\"' -a\n", max_size=40))
@settings(max_examples=800, **CHEAP)
def test_escaped_text_comes_back_from_a_model_of_the_engine(text: str) -> None:
    assert engine(escape_template(text)) == text


@given(st.text(alphabet="{}`\"' -a\n", max_size=40))
@settings(max_examples=1000, **CHEAP)
def test_escaping_twice_serves_two_passes(text: str) -> None:
    assert engine(engine(escape_template(escape_template(text)))) == text


def test_escape_changes_only_opening_braces() -> None:
    assert escape_template("plain } text }} with { one `quote`") == "plain } text }} with { one `quote`"
    assert escape_template("dag_id={{ ti.dag_id }}") == "dag_id={{`{{`}} ti.dag_id }}"
    assert escape_template("{{{") == "{{`{{`}}{"
    assert escape_template("{{{{") == "{{`{{`}}{{`{{`}}"


def test_the_model_fails_on_text_that_is_not_escaped() -> None:
    with pytest.raises(ValueError, match="not a constant"):
        engine("dag_id={{ ti.dag_id }}")


def test_escape_refuses_what_helm_erases() -> None:
    with pytest.raises(PlatformError) as caught:
        escape_template("a <no value> b")
    assert [finding.rule for finding in caught.value.findings] == ["text/erased"]
