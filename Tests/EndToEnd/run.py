#!/usr/bin/env python3
"""Runs the end-to-end tests on the built program: every `test_*` function of every `test_*.py` beside this file.

    run.py --program .build/debug/reviewtui [WORD…]

A test's docstring is its name. With words, only the tests that have one of them in their name run. Standard library
only. Each test gets a `Sandbox`: a fresh home with its own queue, so that tests share nothing.
"""

import argparse
import importlib
import pathlib
import sys
import tempfile
import traceback

from sandbox import Sandbox, Skipped

HERE = pathlib.Path(__file__).parent


def tests():
    for file in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(file.stem)
        for name, function in list(vars(module).items()):
            if name.startswith("test_") and callable(function):
                yield (function.__doc__ or name).strip().splitlines()[0].rstrip("."), function


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    failed = 0
    for name, function in tests():
        if options.words and not any(word in name + function.__name__ for word in options.words):
            continue
        with tempfile.TemporaryDirectory(prefix="reviewtui-") as folder:
            sandbox = Sandbox(options.program.resolve(), pathlib.Path(folder))
            try:
                function(sandbox)
                print(f"ok   - {name}", flush=True)
            except Skipped as reason:
                print(f"skip - {name}: {reason}", flush=True)
            except Exception:
                failed += 1
                print(f"FAIL - {name}", flush=True)
                print("    " + traceback.format_exc().replace("\n", "\n    "), flush=True)
            finally:
                sandbox.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
