"""Alerts and logs as a user has them: delivered where the configuration says, and a failure to deliver is shown."""

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import coxswain
from tests.e2e.market import config_file, entry, lines_of, steady_quotes

SECRET = "hunter2-hunter2"


@contextmanager
def mailbox() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A web hook on this machine that keeps what it is told."""
    told: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def desk(folder: Path, alerts: str, faults: tuple[str, ...] = ()) -> None:
    path = config_file(folder / "coxswain.yaml", ["ann"], faults)
    path.write_text(path.read_text() + f"alerts:\n{alerts}")
    steady_quotes(folder / "q.csv", 120)


def run(folder: Path, *more: str, code: int = 0) -> str:
    (folder / "signals.jsonl").write_bytes(lines_of(entry("in", 5)))
    words = ("run", "--signals", "signals.jsonl", "--quotes", "EURUSD=q.csv", "--json", *more)
    return coxswain(*words, cwd=folder, code=code, env={"TOKEN": SECRET}).err


def told(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_test_alert_arrives_at_every_place_that_is_configured(tmp_path: Path) -> None:
    with mailbox() as (port, arrived):
        desk(tmp_path, f"  file: alerts.jsonl\n  urls: ['json://user:${{TOKEN}}@127.0.0.1:{port}/']\n")
        done = coxswain("alerts", "test", "--json", cwd=tmp_path, env={"TOKEN": SECRET})
    assert done.json()["ok"] is True
    assert [delivery["to"] for delivery in done.json()["deliveries"]] == [
        "standard error",
        "urls[0] (json)",
        "alerts.jsonl",
    ]
    assert "this is a test" in arrived[0]["message"]
    assert "ALERT" in done.err
    assert len(told(tmp_path / "alerts.jsonl")) == 1
    assert SECRET not in done.out + done.err


def test_an_address_that_does_not_answer_is_reported_and_the_others_are_told(tmp_path: Path) -> None:
    with mailbox() as (port, _):
        pass  # nobody listens there any more
    desk(tmp_path, f"  file: alerts.jsonl\n  urls: ['json://user:${{TOKEN}}@127.0.0.1:{port}/']\n")
    done = coxswain("alerts", "test", cwd=tmp_path, code=1, env={"TOKEN": SECRET})
    assert "urls[0] (json)" in done.out
    assert "NOT delivered" in done.out
    assert len(told(tmp_path / "alerts.jsonl")) == 1
    assert SECRET not in done.out + done.err


def test_a_run_tells_what_went_wrong_and_goes_on(tmp_path: Path) -> None:
    desk(tmp_path, "  file: alerts.jsonl\n", faults=("ann 1 ack_lost",))
    err = run(tmp_path)
    (alert,) = told(tmp_path / "alerts.jsonl")
    assert (alert["kind"], alert["scope"]) == ("ORDER_UNKNOWN", "ann")
    assert "ORDER_UNKNOWN ann" in err


@pytest.mark.parametrize(("level", "loud", "kept"), [("on", True, 1), ("silent", False, 1), ("off", False, 0)])
def test_a_kind_can_be_silent_or_off(tmp_path: Path, level: str, loud: bool, kept: int) -> None:
    desk(
        tmp_path,
        f"  file: alerts.jsonl\n  levels: {{ORDER_UNKNOWN: '{level}'}}\n",
        faults=("ann 1 ack_lost",),
    )
    err = run(tmp_path)
    assert ("ALERT" in err) is loud
    path = tmp_path / "alerts.jsonl"
    assert (len(told(path)) if path.exists() else 0) == kept


def test_what_is_wrong_in_the_configuration_of_alerts_is_named(tmp_path: Path) -> None:
    desk(tmp_path, "  window_s: soon\n  levels: {ORDER_LOST: 'on', BREAK_FOUND: loud}\n  mail: me\n")
    err = coxswain("config", "check", cwd=tmp_path, code=4).err
    for wanted in ("alerts.window_s", "ORDER_LOST", "alerts.levels.BREAK_FOUND", "alerts.mail"):
        assert wanted in err


def test_the_addresses_are_hidden_where_the_configuration_is_shown(tmp_path: Path) -> None:
    desk(tmp_path, "  urls: ['json://user:open-secret@127.0.0.1:1/']\n")
    shown = coxswain("config", "show", cwd=tmp_path).out
    assert "open-secret" not in shown
    assert "********" in shown


def test_a_log_is_one_line_of_json_for_each_event(tmp_path: Path) -> None:
    desk(tmp_path, "  stderr: false\n")
    run(tmp_path, "--log-file", "engine.log")
    lines = told(tmp_path / "engine.log")
    names = [line["event"] for line in lines]
    assert [name for name in names if name.startswith("Order")][:2] == ["OrderCreated", "OrderFilled"]
    filled = next(line for line in lines if line["event"] == "OrderFilled")
    assert {"time", "level", "seq", "account", "cl_ord_id", "text"} <= set(filled)
    assert all(first["seq"] <= second["seq"] for first, second in itertools.pairwise(lines))


def test_a_log_says_more_or_less(tmp_path: Path) -> None:
    desk(tmp_path, "  stderr: false\n", faults=("ann 1 ack_lost",))
    err = run(tmp_path, "--log-level", "error")
    assert {json.loads(line)["event"] for line in err.splitlines() if line.startswith("{")} == {"OutcomeUnknown"}
