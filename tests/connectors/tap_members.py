#!/usr/bin/env python3
"""A small Singer tap: members of a club from its own config, with every bad habit that taps have, by `mode`."""

import argparse
import json
import os
import signal
import sys
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--config", required=True)
arguments.add_argument("--state")
arguments.add_argument("--catalog")
arguments.add_argument("--discover", action="store_true")
given = arguments.parse_args()
with open(given.config) as file:
    config = json.load(file)
mode = config.get("mode")


def say(type, **rest):
    print(json.dumps({"type": type, **rest}), flush=True)


def witness(**seen):
    if "witness" in config:
        with open(config["witness"], "a") as file:
            file.write(json.dumps(seen) + "\n")


def stopped(*_):
    witness(stopped=True)
    sys.exit(0)


if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, stopped)

STREAMS = ("members", "visits")
if given.discover:
    if mode == "no catalog":
        print("usage: tap")
        sys.exit(0)
    catalog = [
        {
            "stream": name,
            "tap_stream_id": name,
            "schema": {"type": "object", "properties": {"no": {"type": "integer"}}},
            "metadata": [
                {"breadcrumb": [], "metadata": {"table-key-properties": ["no"]}},
                {"breadcrumb": ["properties", "no"], "metadata": {"inclusion": "available"}},
            ],
        }
        for name in STREAMS
    ]
    print(json.dumps({"streams": catalog}))
    sys.exit(0)

state = {}
if given.state:
    with open(given.state) as file:
        state = json.load(file)
selected = []
if given.catalog:
    with open(given.catalog) as file:
        streams = json.load(file)["streams"]
    selected = [each["stream"] for each in streams if each["metadata"][0]["metadata"]["selected"]]
witness(
    environment=sorted(os.environ),
    mode=oct(os.stat(given.config).st_mode & 0o777),
    folder=oct(os.stat(os.path.dirname(given.config)).st_mode & 0o777),
    config=given.config,
    selected=selected,
    state=state,
    pid=os.getpid(),
)
if mode == "slow start":
    time.sleep(600)
for name in selected or STREAMS:
    say("SCHEMA", stream=name, schema={}, key_properties=["no"])
    for number in range(state.get(name, 0) + 1, config.get("count", 3) + 1):
        if mode == "rubbish" and number == 2:
            print("INFO Getting page 2", flush=True)
        if mode == "crash" and number == config.get("at", 3):
            print("Traceback (most recent call last):", file=sys.stderr)
            print(f"KeyError: no such key {config['api_key']}", file=sys.stderr)
            sys.exit(1)
        if mode == "greedy" and number == 3:
            held = bytearray(2 << 30)
        if mode in ("hang", "stubborn") and number == 3:
            time.sleep(600)
        if mode == "long line":
            print("x" * (40 << 20), flush=True)
        record = {"no": number, "name": f"Ada {number}", "contact": {"mail": f"ada{number}@x.test"}, "level": "gold"}
        if name == "visits":
            record = {"no": number, "member": number, "at": "2026-01-02T03:04:05Z"}
        if mode == "deleted" and number == 2:
            record["_sdc_deleted_at"] = "2026-02-03T00:00:00Z"
        say("RECORD", stream=name, record=record)
        state[name] = number
        if number % config.get("states", 2) == 0:
            say("STATE", value=state)
    if mode == "noisy":
        sys.stderr.write("x" * (1 << 20))
say("STATE", value=state)
