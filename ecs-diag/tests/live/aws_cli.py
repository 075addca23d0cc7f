"""The AWS CLI, asked query after query: what it prints, and faster than a process for each.

    python aws_cli.py --endpoint-url URL --region REGION

reads queries on standard input, one a line (`{"service", "operation", "input"}`), and writes a line
for each: `{"output": …}` or `{"error": {"code", "message"}}`.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from typing import Any

from awscli.clidriver import CLIDriver, create_clidriver
from botocore import xform_name


def ask(driver: CLIDriver, options: list[str], query: dict[str, Any]) -> dict[str, Any]:
    """Runs one command."""
    service = {"s3": "s3api"}.get(query["service"], query["service"])
    command = [service, xform_name(query["operation"], "-")]
    asked = ["--cli-input-json", json.dumps(query["input"])]
    printed, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
        status = driver.main([*command, *asked, *options, "--output", "json"])
    if status == 0:
        return {"output": json.loads(printed.getvalue() or "{}")}
    said = errors.getvalue().strip()
    code = re.search(r"An error occurred \(([^)]+)\)", said)
    return {"error": {"code": code[1] if code else "", "message": said}}


def main() -> None:
    """Answers the queries."""
    driver = create_clidriver()
    for line in sys.stdin:
        print(json.dumps(ask(driver, sys.argv[1:], json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
