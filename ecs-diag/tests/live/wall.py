"""How long the standard diagnosis takes when each call takes 50 ms more, and why.

ECS_DIAG_BIN=… python wall.py
"""

from __future__ import annotations

import os
import subprocess
import time

import scenarios
import wire
from server import Call, Server

DELAY_MS = 50
CONCURRENCY = 8
RUNS = 5


def main() -> None:
    """Measures and prints."""
    program = os.environ["ECS_DIAG_BIN"]
    server = Server()
    standard = scenarios.build(server.url, ["standard"])["standard"]

    def wall(arguments: list[str], rules: list[dict[str, object]]) -> tuple[float, list[Call]]:
        """The shortest of some runs, in milliseconds, and the calls of the last."""
        shortest = float("inf")
        for _ in range(RUNS):
            server.ledger.forget(KEY)
            server.ledger.put(KEY, rules)
            began = time.perf_counter()
            subprocess.run([program, *arguments], env=ENVIRONMENT, capture_output=True, check=False)
            shortest = min(shortest, 1000 * (time.perf_counter() - began))
        return shortest, server.ledger.calls(KEY)

    diagnose = ["diagnose", *standard.arguments, "--endpoint-url", server.url]
    slow = {"match": "*", "delay_ms": DELAY_MS}
    start, _ = wall(["--version"], [])
    bare, _ = wall(diagnose, [])
    delayed, calls = wall(diagnose, [slow])
    in_turn, _ = wall(diagnose, [slow | {"in_turn": True}])

    rounds = sum(call.under_way == 1 for call in calls)
    chain = max(rounds, len(calls) / CONCURRENCY)
    print(f"calls                            {len(calls)}")
    print(f"rounds                           {rounds}")
    print(f"calls under way at once          {max(call.under_way for call in calls)}")
    print(f"wall of the program alone        {start:.0f} ms")
    print(f"wall without delay               {bare:.0f} ms")
    print(f"wall with {DELAY_MS} ms a call          {delayed:.0f} ms")
    print(f"  more than without              {delayed - bare:.0f} ms")
    print(f"  1.3 x {chain:.1f} x {DELAY_MS} ms              {1.3 * chain * DELAY_MS:.0f} ms")
    print(f"wall with one call after another {in_turn:.0f} ms")


KEY = "AKIAWALL000000000000"
ENVIRONMENT = {
    "HOME": "/nonexistent",
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": wire.REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}

if __name__ == "__main__":
    main()
