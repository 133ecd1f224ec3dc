"""Print the packages of cdk8s_airflow, lowest layer first, with the packages that each imports.

python tools/print_package_graph.py            one line for each package
python tools/print_package_graph.py --dot      a graph for Graphviz: | dot -Tsvg > packages.svg
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import grimp

ROOT_PACKAGE = "cdk8s_airflow"


def imports_by_package() -> dict[str, set[str]]:
    """Package -> the packages that it imports, lowest layer first."""
    graph = grimp.build_graph(ROOT_PACKAGE, include_external_packages=False, cache_dir=None)
    packages = {module.split(".")[1] for module in graph.modules if "." in module}
    found: dict[str, set[str]] = {package: set() for package in packages}
    for module in graph.modules - {ROOT_PACKAGE}:
        own = module.split(".")[1]
        for imported in graph.find_modules_directly_imported_by(module) - {ROOT_PACKAGE}:
            if imported.split(".")[1] != own:
                found[own].add(imported.split(".")[1])
    return dict(sorted(found.items(), key=lambda each: (_height(each[0], found), each[0])))


def _height(package: str, imports: Mapping[str, set[str]]) -> int:
    """The length of the longest chain of imports below a package. There are no cycles: the contract in pyproject.toml."""
    return max((1 + _height(each, imports) for each in imports[package]), default=0)


def main() -> None:
    """Print the graph."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dot", action="store_true", help="print a graph for Graphviz")
    imports = imports_by_package()
    if parser.parse_args().dot:
        edges = (f'  "{package}" -> "{each}"' for package, own in imports.items() for each in sorted(own))
        print("\n".join(("digraph packages {", *edges, "}")))
        return
    width = max(map(len, imports))
    for package, own in imports.items():
        print(f"{package:<{width}}  {', '.join(sorted(own))}".rstrip())


if __name__ == "__main__":
    main()
