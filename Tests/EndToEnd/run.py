#!/usr/bin/env python3
"""Runs the end-to-end tests on the built program: every `test_*` function of every `test_*.py` beside this file.

    run.py --program .build/debug/reviewtui [--jobs N] [WORD…]

A test's docstring is its name. With words, only the tests that have one of them in their name run. Standard library
only. Each test gets a `Sandbox`: a fresh home with its own queue, so that tests share nothing, and as many run at once
as there are cores; most of their time they wait for a screen.
"""

import argparse
import concurrent.futures
import importlib
import multiprocessing
import os
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


def outcome(name, function, program):
    """What is to be said of a test, and whether it failed."""
    with tempfile.TemporaryDirectory(prefix="reviewtui-") as folder:
        sandbox = Sandbox(program, pathlib.Path(folder))
        try:
            function(sandbox)
            return f"ok   - {name}", False
        except Skipped as reason:
            return f"skip - {name}: {reason}", False
        except (Exception, SystemExit):
            return f"FAIL - {name}\n    " + traceback.format_exc().replace("\n", "\n    "), True
        finally:
            sandbox.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="tests at once")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    program = options.program.resolve()
    chosen = [(name, function, program) for name, function in tests()
              if not options.words or any(word in name + function.__name__ for word in options.words)]
    failed = 0
    # Unlike a multiprocessing.Pool it ends with an error, and not never, where one of its processes is killed.
    with concurrent.futures.ProcessPoolExecutor(options.jobs, multiprocessing.get_context("fork")) as pool:
        for said, has_failed in pool.map(outcome, *zip(*chosen)):
            failed += has_failed
            print(said, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
