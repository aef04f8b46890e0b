# What Klipper and Moonraker load has to load on the oldest Python of a printer, and needs nothing but the standard library and its host.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import ast
import pathlib
import re
import sys
import unittest

PRINTER = pathlib.Path(__file__).resolve().parent.parent
LOADED = [*PRINTER.glob("klipper/touchmark/*.py"), *PRINTER.glob("moonraker/touchmark/*.py")]


class Sources(unittest.TestCase):
    def test_every_file_is_python_3_9(self):
        self.assertTrue(LOADED)
        for path in LOADED:
            with self.subTest(path.name):
                ast.parse(path.read_text("utf-8"), feature_version=(3, 9))

    def test_nothing_but_the_standard_library_is_imported(self):
        for path in LOADED:
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
                for name in names:
                    with self.subTest(path.name):
                        self.assertIn(name.partition(".")[0], sys.stdlib_module_names)

    def test_every_file_names_its_licence_and_is_short(self):
        for path in [*PRINTER.rglob("*.py"), *PRINTER.glob("*.sh")]:
            with self.subTest(path.name):
                lines = path.read_text("utf-8").splitlines()
                self.assertIn("# SPDX-License-Identifier: GPL-3.0-or-later", lines[:8])
                if path in LOADED:
                    self.assertLess(len(lines), 300)

    def test_every_test_that_a_document_names_exists(self):
        there = "".join(path.read_text("utf-8") for path in PRINTER.glob("tests/test_*.py"))
        for page in (*PRINTER.glob("*.md"), PRINTER.parent / "docs/threat-model.md", PRINTER.parent / "docs/printer.md"):
            for name in re.findall("`(test_[a-z0-9_]+)`", page.read_text("utf-8")):
                with self.subTest(page.name):
                    self.assertIn(f"def {name}(", there)


if __name__ == "__main__":
    unittest.main()
