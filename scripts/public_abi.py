"""Reduces abidw's description of the library to the exported functions and the types they reach.

abidw describes every compilation unit, SQLite's and the standard library's too; those change with every compiler and
mean nothing to a user. Usage: public_abi.py < full.abi > public.abi
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET

REFERENCES = ("type-id", "naming-typedef-id", "def-of-decl-id")
MACHINE = ("path", "filepath", "comp-dir-path", "soname")


def reduce(corpus: ET.Element) -> None:
    types = {element.get("id"): element for element in corpus.iter() if element.get("id")}
    exported = [f for f in corpus.iter("function-decl") if f.get("name", "").startswith("joinly_")]
    if not exported:
        sys.exit("public_abi: abidw describes no joinly_ function: was the library built with debug information?")

    reached: dict[str, ET.Element] = {}
    queue = list(exported)
    while queue:
        for element in queue.pop().iter():
            for reference in REFERENCES:
                name = element.get(reference)
                if name in types and name not in reached:
                    reached[name] = types[name]
                    queue.append(types[name])

    for unit in corpus.findall("abi-instr"):
        corpus.remove(unit)
    unit = ET.SubElement(corpus, "abi-instr", {"address-size": "64", "language": "LANG_C"})
    nested = {id(child) for element in reached.values() for child in element.iter() if child is not element}
    unit.extend(element for name, element in sorted(reached.items()) if id(element) not in nested)
    unit.extend(sorted(exported, key=lambda function: function.get("name", "")))
    for element in corpus.iter():
        for attribute in MACHINE:
            element.attrib.pop(attribute, None)
    needed = corpus.find("elf-needed")
    if needed is not None:
        corpus.remove(needed)


def main() -> None:
    tree = ET.parse(sys.stdin)
    reduce(tree.getroot())
    ET.indent(tree)
    tree.write(sys.stdout, encoding="unicode")


if __name__ == "__main__":
    main()
