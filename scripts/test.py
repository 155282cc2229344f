#!/usr/bin/env python3
"""Runs go test with the given arguments, prints its own line for each package, the output of what failed, what was skipped
and why, the slowest tests, and at the end how many tests passed, failed and were skipped.

A test with subtests counts through them, and each test once.
"""

import json
import subprocess
import sys

SLOWEST = 10


class Tally:
    def __init__(self):
        self.output = {}  # (package, test) -> lines
        self.results = {}  # (package, test) -> (action, seconds)
        self.packages_failed = []

    def take(self, event):
        package, test = event.get("Package", event.get("ImportPath", "")), event.get("Test")
        action = event["Action"]
        if action in ("output", "build-output"):
            self.take_output(package, test, event["Output"])
        elif action in ("pass", "fail", "skip") and test:
            self.results[package, test] = (action, event.get("Elapsed", 0))
        elif action == "fail":
            self.packages_failed.append(package)

    def take_output(self, package, test, text):
        if test:
            self.output.setdefault((package, test), []).append(text)
        elif text not in ("PASS\n", "FAIL\n"):
            print(text, end="", flush=True)

    def leaves(self):
        """The tests without subtests, and those that failed though none of their subtests did."""
        parents = {(package, test.rsplit("/", 1)[0]) for package, test in self.results if "/" in test}
        failed = {key for key, (action, _) in self.results.items() if action == "fail"}

        def lone_failure(key):
            return key in failed and not any(k[0] == key[0] and k[1].startswith(key[1] + "/") for k in failed)

        return {key: result for key, result in self.results.items() if key not in parents or lone_failure(key)}

    def report(self):
        leaves = self.leaves()
        for key, (action, _) in leaves.items():
            if action != "pass":
                print(f"\n{action}: {key[0]} {key[1]}")
                print("".join(line for line in self.output.get(key, []) if not line.startswith("=== ")), end="")
        for key in self.output.keys() - self.results.keys():
            print(f"\ncrashed in: {key[0]} {key[1]}")
            print("".join(self.output[key]), end="")
        slowest = sorted(leaves.items(), key=lambda item: -item[1][1])[:SLOWEST]
        print("\nslowest tests:")
        for (package, test), (_, seconds) in slowest:
            print(f"  {seconds:7.2f}s  {package} {test}")
        return {action: sum(a == action for a, _ in leaves.values()) for action in ("pass", "fail", "skip")}


def main():
    process = subprocess.Popen(["go", "test", "-json", *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
    tally = Tally()
    for line in process.stdout:
        if line.startswith("{"):
            tally.take(json.loads(line))
        else:
            print(line, end="", flush=True)
    code = process.wait()
    counts = tally.report()
    # A package that does not compile or crashes fails without a failed test: it must not read as none failed.
    without_test = [p for p in tally.packages_failed if not any(k[0] == p and r[0] == "fail" for k, r in tally.results.items())]
    for package in without_test:
        print(f"fail: {package} (did not build or crashed)")
    failed = counts["fail"] + len(without_test)
    print(f"\n{counts['pass']} passed, {failed} failed, {counts['skip']} skipped", flush=True)
    sys.exit(code or (1 if failed else 0))


main()
