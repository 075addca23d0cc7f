"""Diagnoses a task from saved answers.

python examples/offline.py examples/snapshots/checkout
"""

import sys

import ecs_diag

report = ecs_diag.diagnose(snapshot=sys.argv[1])

print(report.verdict)
for cause in report.root_causes:
    finding = report.findings[cause.finding]
    print(f"{finding.check} ({cause.confidence}): {finding.summary}")
    if finding.remedy:
        proved = "proved" if finding.remedy.verified else "not proved"
        print(f"  fix ({proved}): {finding.remedy.summary}")
