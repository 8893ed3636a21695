"""The control socket: bounded in everything, and never in the way."""

import contextlib
import json
import os
import pwd
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from coxswain.messages.inputs import StopTrading, TimePassed
from coxswain.messages.record import Record
from coxswain.runtime import control_socket as module
from coxswain.runtime.control_socket import (
    CHUNK,
    COMMANDS_AT_ONCE,
    CONNECTIONS_MAX,
    LINE_MAX,
    ControlSocket,
    NotAnswered,
    ask,
    name_of_user,
    socket_path,
)
from coxswain.runtime.doors import Asked

PAUSE = b'{"command": "pause", "account": "ann", "reason": "a look"}\n'


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "j"


@pytest.fixture
def door(journal: Path) -> Iterator[ControlSocket]:
    door = ControlSocket(journal, lambda record: {"seq": record.seq})
    yield door
    door.close()


def connected(journal: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(5)
    connection.connect(os.fspath(socket_path(journal)))
    return connection


def taken(door: ControlSocket, count: int = 1) -> list[Asked]:
    """Look until so many commands came."""
    found: list[Asked] = []
    until = time.monotonic() + 5
    while len(found) < count and time.monotonic() < until:
        found += door.take(1)
    return found


def test_a_command_comes_with_the_user_at_the_other_end_and_its_answer_goes_back(
    journal: Path, door: ControlSocket
) -> None:
    with connected(journal) as connection:
        connection.sendall(PAUSE)
        (asked,) = taken(door)
        assert isinstance(asked.message, StopTrading)
        assert asked.message.actor == name_of_user(os.geteuid())
        asked.reply(Record(42, 1, TimePassed()))
        assert json.loads(connection.makefile("rb").readline()) == {"seq": 42}


def test_who_says_nothing_for_long_is_hung_up_on(
    journal: Path, door: ControlSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDLE_S", -1.0)
    with connected(journal) as connection:
        for _ in range(3):
            door.take(1)
        assert connection.recv(1) == b""


def test_one_too_many_takes_the_place_of_who_was_silent_for_longest(journal: Path, door: ControlSocket) -> None:
    with ExitStack() as opened:
        crowd = []
        for _ in range(CONNECTIONS_MAX):
            crowd.append(opened.enter_context(connected(journal)))
            door.take(1)
        crowd[0].sendall(b"\n")
        door.take(1)
        late = opened.enter_context(connected(journal))
        late.sendall(PAUSE)
        assert len(taken(door)) == 1
        assert crowd[1].recv(1) == b""
        crowd[0].sendall(PAUSE)
        assert len(taken(door)) == 1


def test_a_line_that_is_too_long_is_refused_and_its_sender_hung_up_on(journal: Path, door: ControlSocket) -> None:
    with connected(journal) as connection:
        connection.setblocking(False)
        sent = 0
        while sent <= LINE_MAX + 1:
            sent += connection.send(b"x" * 10_000)
            assert door.take(1) == []
        for _ in range(10):
            door.take(1)
        connection.setblocking(True)
        assert b"longer than" in connection.makefile("rb").readline()


def test_many_commands_at_once_are_taken_some_at_a_time_and_none_is_lost(journal: Path, door: ControlSocket) -> None:
    with connected(journal) as connection:
        connection.sendall(PAUSE * (COMMANDS_AT_ONCE + 3))
        connection.shutdown(socket.SHUT_WR)
        first = taken(door)
        assert len(first) == COMMANDS_AT_ONCE
        rest = taken(door, 3)
        assert len(rest) == 3
        for number, asked in enumerate([*first, *rest]):
            asked.reply(Record(number, 1, TimePassed()))
        answers = connection.makefile("rb")
        assert [json.loads(answers.readline())["seq"] for _ in range(COMMANDS_AT_ONCE + 3)] == list(range(19))


def test_who_does_not_read_is_hung_up_on_and_blocks_nothing(journal: Path) -> None:
    door = ControlSocket(journal, lambda record: "x" * 50_000)
    with connected(journal) as connection:
        connection.sendall(PAUSE * 12)
        for asked in taken(door, 12):
            asked.reply(Record(1, 1, TimePassed()))
        door.take(1)
        assert not list(door._connections)
    door.close()


def test_an_engine_that_is_not_there_does_not_answer(journal: Path) -> None:
    with pytest.raises(NotAnswered):
        ask(journal, PAUSE, 0.05)


def test_who_sends_faster_than_he_is_answered_is_not_heard_out_into_our_memory(
    journal: Path, door: ControlSocket
) -> None:
    """Each look took another chunk of short lines in, and only a few of them out."""
    with connected(journal) as connection:
        connection.setblocking(False)
        for _ in range(60):
            with contextlib.suppress(BlockingIOError):
                connection.send(PAUSE * 300)
            door.take(1)
        (one,) = door._connections.values()
        assert len(one._heard) <= 2 * CHUNK


def test_a_user_who_is_called_like_the_engine_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found in review: what such a user sent counted as the engine's own."""
    entry = pwd.getpwuid(os.getuid())
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: pwd.struct_passwd(("engine", *tuple(entry)[1:])))
    assert module.name_of_user(1234) == "uid 1234"
