#!/usr/bin/env python3
"""Prints which tests were skipped and why, which failed and what they said, then one line of counts over Swift Testing
and the end-to-end scripts. The failures stand last because the end of a log is what is kept of it.

    test_summary.py SWIFT_LOG SWIFT_XUNIT END_TO_END_LOG

Swift's tests are counted from its xUnit file: lines of its log get lost when many tests end at once. Fails where
either shows no test at all: a run that tested nothing is not green.
"""

import re
import sys
import xml.etree.ElementTree as xml


def swift_counts(path):
    """Passed, failed and skipped tests (suites and parameterised cases not counted apart) of an xUnit file."""
    try:
        cases = list(xml.parse(path).iter("testcase"))
    except (OSError, xml.ParseError) as error:
        print(f"{path}: {error}")
        return 0, 0, []
    failed = [case for case in cases if case.find("failure") is not None]
    skipped = [(f"{case.get('classname')}.{case.get('name')}", case.find("skipped").text)
               for case in cases if case.find("skipped") is not None]
    return len(cases) - len(failed) - len(skipped), len(failed), skipped


def swift_failures(text):
    """What the failed tests of `swift test`'s output said, a line each."""
    return re.findall(r"^.*✘ Test (?!run with)(?!.* failed after).*$", text, re.M)


def script_failures(text):
    """The failed end-to-end scripts, each with the end of its traceback."""
    found = re.findall(r"^FAIL +- (.+)\n((?:    .*\n)*)", text, re.M)
    return [f"FAIL - {name}\n{trace.rstrip()[-1500:]}" for name, trace in found]


def script_counts(text):
    """The same of the end-to-end scripts, from their `ok`, `FAIL` and `skip` lines."""
    return (
        len(re.findall(r"^ok +- ", text, re.M)),
        len(re.findall(r"^FAIL +- ", text, re.M)),
        re.findall(r"^skip +- (.+?)(?:: (.*))?$", text, re.M),
    )


def main():
    log, xunit, scripts = sys.argv[1:4]
    swift, scripts = (open(path, encoding="utf-8", errors="replace").read() for path in (log, scripts))
    counts = swift_counts(xunit), script_counts(scripts)
    skipped = counts[0][2] + counts[1][2]
    for name, reason in skipped:
        print(f"skipped: {name}: {reason or 'no reason given'}")
    if not skipped:
        print("No test was skipped.")
    for failure in (swift_failures(swift) + script_failures(scripts))[:20]:
        print(failure)
    print(f"{counts[0][0] + counts[1][0]} passed, {counts[0][1] + counts[1][1]} failed, {len(skipped)} skipped")
    return 0 if counts[0][0] and counts[1][0] else 1


if __name__ == "__main__":
    sys.exit(main())
