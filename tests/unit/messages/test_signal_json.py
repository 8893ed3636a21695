"""Signals from JSON: what is read, and what is said about each field that is wrong."""

import json
import string
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coxswain.messages.inputs import ReportBadSignal, SubmitSignal
from coxswain.messages.json_fields import ERRORS_MAX
from coxswain.messages.record import Record, decode, encode
from coxswain.messages.signal_json import FIELDS, BadSignal, parse_signal
from coxswain.model.contingent import Contingent
from coxswain.model.orders import Trail
from coxswain.model.signal import Signal
from coxswain.model.spread import Leg, LeggingLimit, SpreadLevel
from coxswain.model.vocabulary import LeggingRule, OrdType, Side, SignalKind, Symbol, TimeInForce

NOW_NS = 1_700_000_000_000_000_000
ENTRY: dict[str, Any] = {"id": "s1", "kind": "entry", "symbol": "EURUSD", "side": "BUY", "stop_loss": "1.0800"}
AT_A_PRICE: dict[str, Any] = {"order_type": "LIMIT", "limit_price": "1.0850"}
WAITS: dict[str, Any] = {"side": "SELL", "order_type": "STOP", "limit_price": "1.0700", "stop_loss": "1.0750"}


def line(**fields: Any) -> str:
    return json.dumps(ENTRY | fields)


def read(text: str | bytes) -> Signal:
    signal = parse_signal(text, NOW_NS)
    assert isinstance(signal, Signal), signal
    return signal


def errors(text: str | bytes) -> tuple[str, ...]:
    bad = parse_signal(text, NOW_NS)
    assert isinstance(bad, BadSignal), bad
    return bad.errors


def only_error(text: str | bytes) -> str:
    (sentence,) = errors(text)
    return sentence


# --- what is read ---------------------------------------------------------------------------------------------------


def test_every_field_is_read() -> None:
    signal = read(
        json.dumps(
            {
                "id": "tv:2025-03-14.a_1",
                "kind": "entry",
                "symbol": "brk.b",
                "side": "sell",
                "entry_price": 412.10,
                "stop_loss": "420",
                "take_profit": 400,
                "confidence": "0.80",
                "risk_reward_ratio": 1.5,
                "signal_time": "2025-03-14T09:30:00Z",
                "strategy": "Mean reversion",
                "quantity": "12.0",
                "order_type": "limit",
                "limit_price": "412.00",
                "time_in_force": "gtc",
                "ttl_s": 60,
                "accounts": ["b", "a"],
                "reason": "gap above 2 %",
                "metadata": {"z": [1.10, None, True], "a": "é"},
            }
        )
    )
    assert signal == Signal(
        id=signal.id,
        kind=SignalKind.ENTRY,
        symbol=signal.symbol,
        signal_time_ns=1_741_944_600_000_000_000,
        ttl_s=60,
        side=Side.SELL,
        entry_price=Decimal("412.1"),
        stop_loss=Decimal(420),
        take_profit=Decimal(400),
        confidence=Decimal("0.8"),
        risk_reward_ratio=Decimal("1.5"),
        strategy="Mean reversion",
        quantity=Decimal(12),
        order_type=OrdType.LIMIT,
        limit_price=Decimal(412),
        time_in_force=TimeInForce.GTC,
        accounts=signal.accounts,
        reason="gap above 2 %",
        metadata='{"a":"é","z":[1.1,null,true]}',
    )
    assert (signal.id, signal.symbol, signal.accounts) == ("tv:2025-03-14.a_1", "BRK.B", ("a", "b"))


def test_what_is_left_out_has_its_default() -> None:
    signal = parse_signal(line(), NOW_NS, default_ttl_s=120)
    assert isinstance(signal, Signal)
    assert (signal.signal_time_ns, signal.time_given, signal.ttl_s) == (NOW_NS, False, 120)
    assert (signal.order_type, signal.time_in_force, signal.accounts) == (OrdType.MARKET, TimeInForce.DAY, ())


def test_null_counts_as_left_out() -> None:
    assert read(json.dumps(dict.fromkeys(FIELDS) | ENTRY)) == read(line())


def test_bytes_with_a_byte_order_mark_are_read() -> None:
    assert read(b"\xef\xbb\xbf" + line().encode()) == read(line())


@pytest.mark.parametrize(
    "written", ["1.10", "1.1", '"1.1"', '"1.100"', "11e-1", '"0.11E+1"', '"+1.1"', "1.1000000000000"]
)
def test_equal_numbers_are_equal_however_they_are_written(written: str) -> None:
    signal = read(line(entry_price=0).replace(": 0", f": {written}"))
    assert str(signal.entry_price) == "1.1"


def test_numbers_keep_every_digit() -> None:
    signal = read(line(entry_price="12345678901234567890.123456789012"))
    assert signal.entry_price == Decimal("12345678901234567890.123456789012")


@pytest.mark.parametrize(
    ("written", "expected_ns"),
    [
        ("2025-03-14T09:30:00Z", 1_741_944_600_000_000_000),
        ("2025-03-14 09:30:00 Z", 1_741_944_600_000_000_000),
        ("2025-03-14t09:30z", 1_741_944_600_000_000_000),
        ("2025-03-14T15:00:00+05:30", 1_741_944_600_000_000_000),
        ("2025-03-14T04:30:00-0500", 1_741_944_600_000_000_000),
        ("2025-03-14T09:30:00.123456789Z", 1_741_944_600_123_456_789),
        ("2025-03-14T09:30:00,5Z", 1_741_944_600_500_000_000),
        ("1741944600", 1_741_944_600_000_000_000),
        (1741944600, 1_741_944_600_000_000_000),
        (1741944600.25, 1_741_944_600_250_000_000),
        (1741944600123, 1_741_944_600_123_000_000),
        (1741944600123456789, 1_741_944_600_123_456_789),
    ],
)
def test_a_time_is_read_to_the_nanosecond(written: str | float, expected_ns: int) -> None:
    signal = read(line(signal_time=written))
    assert (signal.signal_time_ns, signal.time_given) == (expected_ns, True)


@pytest.mark.parametrize(
    "body",
    [
        {"id": "s1", "kind": "entry", "symbol": "X", "side": "BUY", "quantity": 1},
        {"id": "s1", "kind": "EXIT", "symbol": "X"},
        {"id": "s1", "kind": "exit", "symbol": "X", "side": "SELL", "quantity": "0.5", "reason": "end of day"},
        {"id": "s1", "kind": "stop_adjustment", "symbol": "X", "stop_loss": 3},
        {"id": "s1", "kind": "stop_adjustment", "symbol": "X", "take_profit": 3},
    ],
)
def test_each_kind_is_read_with_no_more_than_it_needs(body: dict[str, Any]) -> None:
    assert read(json.dumps(body)).id == "s1"


def test_a_second_order_is_read_with_all_that_differs_from_the_first() -> None:
    second = {"side": "sell", "order_type": "stop_limit", "limit_price": "0.99", "stop_price": 1, "take_profit": "0.5"}
    signal = read(line(**AT_A_PRICE, oco=second | {"trailing_stop": {"amount": "0.1"}}))
    assert signal.oco == Contingent(
        Side.SELL,
        OrdType.STOP_LIMIT,
        Decimal("0.99"),
        Decimal(1),
        take_profit=Decimal("0.5"),
        trailing_stop=Trail(Decimal("0.1")),
    )
    assert read(line(then={"side": "BUY", "stop_loss": 1})).then == Contingent(Side.BUY, stop_loss=Decimal(1))


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"id": None}, "id: missing; wanted 1 to 64 letters, digits or any of . _ : -"),
        ({"id": "a b"}, 'id: "a b" is not a valid name; wanted 1 to 64 letters, digits or any of . _ : -'),
        ({"id": "x" * 65}, f'id: "{"x" * 40}..." is not a valid name; wanted 1 to 64 letters'),
        ({"id": 7}, "id: 7 is not a valid name; wanted"),
        ({"kind": None}, "kind: missing; wanted entry, exit, stop_adjustment"),
        ({"kind": "buy"}, 'kind: "buy" is not known; wanted entry, exit, stop_adjustment'),
        ({"symbol": None}, "symbol: missing; wanted"),
        ({"symbol": "EUR USD"}, 'symbol: "EUR USD" is not a valid name; wanted'),
        ({"side": None}, "side: missing; an entry wants BUY or SELL"),
        ({"side": "LONG"}, 'side: "LONG" is not known; wanted BUY, SELL'),
        ({"side": 1}, "side: 1 is not known; wanted BUY, SELL"),
        ({"stop_loss": None}, "stop_loss: missing; an entry wants a stop_loss to be sized by, or a quantity"),
        ({"stop_loss": "abc"}, 'stop_loss: "abc" is not a number; wanted a decimal number such as "1.0850"'),
        ({"stop_loss": True}, "stop_loss: true is not a number; wanted"),
        ({"stop_loss": [1]}, "stop_loss: a list is not a number; wanted"),
        ({"stop_loss": {"px": 1}}, "stop_loss: an object is not a number; wanted"),
        ({"stop_loss": "1_000"}, 'stop_loss: "1_000" is not a number; wanted'),
        ({"stop_loss": "1,5"}, 'stop_loss: "1,5" is not a number; wanted'),
        ({"stop_loss": ""}, 'stop_loss: "" is not a number; wanted'),
        ({"stop_loss": "\u0661"}, 'stop_loss: "\\u0661" is not a number; wanted'),
        ({"stop_loss": 0}, "stop_loss: 0 is not above zero"),
        ({"take_profit": "-1.50"}, "take_profit: -1.5 is not above zero"),
        ({"quantity": "0.000"}, "quantity: 0 is not above zero"),
        ({"entry_price": float("nan")}, "entry_price: NaN is not a number; wanted"),
        ({"entry_price": float("inf")}, "entry_price: Infinity is not a number; wanted"),
        ({"entry_price": "-Infinity"}, 'entry_price: "-Infinity" is not a number; wanted'),
        (
            {"entry_price": "1" * 21},
            f'entry_price: "{"1" * 21}" has too many digits; wanted at most 20 digits before and 18 after the point',
        ),
        ({"entry_price": "0." + "1" * 19}, f'entry_price: "0.{"1" * 19}" has too many digits; wanted at most 20'),
        ({"entry_price": "1e999999999999999999"}, 'entry_price: "1e999999999999999999" has too many digits; wanted'),
        ({"entry_price": "1e-999999"}, 'entry_price: "1e-999999" has too many digits; wanted'),
        ({"entry_price": "0." + "9" * 35}, f'entry_price: "0.{"9" * 35}" has too many digits; wanted'),
        ({"confidence": "1.01"}, "confidence: 1.01 is out of range; wanted 0 to 1"),
        ({"confidence": -1}, "confidence: -1 is out of range; wanted 0 to 1"),
        ({"risk_reward_ratio": 0}, "risk_reward_ratio: 0 is not above zero"),
        ({"ttl_s": 0}, "ttl_s: 0 is out of range; wanted a whole number from 1 to 2592000"),
        ({"ttl_s": "2592001"}, "ttl_s: 2592001 is out of range; wanted a whole number from 1 to 2592000"),
        ({"ttl_s": 1.5}, "ttl_s: 1.5 is out of range; wanted a whole number from 1 to 2592000"),
        (
            {"signal_time": "2025-03-14T09:30:00"},
            'signal_time: "2025-03-14T09:30:00" is not a time; wanted a time with',
        ),
        ({"signal_time": "2025-02-30T09:30:00Z"}, 'signal_time: "2025-02-30T09:30:00Z" is not a time; wanted'),
        ({"signal_time": "yesterday"}, 'signal_time: "yesterday" is not a time; wanted'),
        ({"signal_time": 0}, "signal_time: 0 is not a time; wanted"),
        ({"signal_time": 1741944600123456}, "signal_time: 1741944600123456 is not a time; wanted"),
        ({"signal_time": "1741944600.1234567891"}, 'signal_time: "1741944600.1234567891" is not a time; wanted'),
        ({"signal_time": "0001-01-01T00:00:00Z"}, 'signal_time: "0001-01-01T00:00:00Z" is not a time; wanted'),
        ({"signal_time": "1e30"}, 'signal_time: "1e30" is not a time; wanted'),
        ({"signal_time": [1]}, "signal_time: a list is not a time; wanted"),
        ({"order_type": "TWAP"}, 'order_type: "TWAP" is not known; wanted MARKET, LIMIT, STOP'),
        ({"order_type": "LIMIT"}, "limit_price: missing; a LIMIT order wants one"),
        ({"order_type": "STOP"}, "limit_price: missing; a STOP order wants one"),
        (
            {"limit_price": 1},
            "limit_price: given for a MARKET order; wanted order_type LIMIT or STOP, or no limit_price",
        ),
        ({"time_in_force": "GTX"}, 'time_in_force: "GTX" is not known; wanted DAY, GTC, IOC, FOK, GTD'),
        ({"time_in_force": "GTD"}, "expire_time: missing; a GTD order wants one"),
        ({"expire_time": "2025-03-14T09:30:00Z"}, "expire_time: given; wanted with time_in_force GTD only"),
        ({"stop_price": 1}, "stop_price: given; wanted with order_type STOP_LIMIT only"),
        ({"order_type": "STOP_LIMIT", "limit_price": 1}, "stop_price: missing; a STOP_LIMIT order wants one"),
        ({"order_type": "STOP_LIMIT", "stop_price": 1}, "limit_price: missing; a STOP_LIMIT order wants one"),
        ({"order_type": "TRAILING_STOP"}, 'order_type: "TRAILING_STOP" is not known; wanted MARKET, LIMIT, STOP'),
        ({"trailing_stop": 1}, "trailing_stop: 1 is refused; wanted an object such as"),
        ({"trailing_stop": {}}, "trailing_stop: amount: wanted an amount or a pct, and not both"),
        ({"trailing_stop": {"amount": 1, "pct": 1}}, "trailing_stop: amount: wanted an amount or a pct, and not both"),
        ({"trailing_stop": {"pct": 100}}, "trailing_stop: pct: 100 is not below 100"),
        ({"trailing_stop": {"amount": 0}}, "trailing_stop: amount: 0 is not above zero"),
        ({"trailing_stop": {"amount": 1, "source": "trade"}}, 'trailing_stop: source: "trade" is not known; wanted'),
        ({"trailing_stop": {"amount": 1, "activation": 1}}, 'trailing_stop: "activation": unknown field; did you mean'),
        ({"oco": 1}, 'oco: 1 is refused; wanted an object such as {"side": "SELL", "order_type": "STOP"'),
        ({"then": {"order_type": "MARKET", "stop_loss": 1}}, "then: side: missing; wanted BUY, SELL"),
        ({"then": {"side": "BUY", "order_type": "LIMIT"}}, "then: limit_price: missing; a LIMIT order wants one"),
        ({"then": {"side": "BUY", "quantity": 1}}, 'then: "quantity": unknown field'),
        ({"then": {"side": "BUY"}}, "then: stop_loss: missing; an entry wants one to be sized by, or a quantity"),
        ({"then": {"side": "BUY", "stop_loss": 1}, "algo": {"name": "twap"}}, "then: means nothing beside algo"),
        ({"then": WAITS, "oco": WAITS} | AT_A_PRICE, "then: given beside oco; wanted one of the two"),
        ({"oco": WAITS}, "oco: of two orders neither may be at MARKET; wanted two that wait for a price"),
        ({"oco": {"side": "BUY", "stop_loss": 1}} | AT_A_PRICE, "oco: of two orders neither may be at MARKET"),
        ({"strategy": 5}, "strategy: 5 is refused; wanted printable text of at most 64 characters"),
        ({"strategy": "x" * 65}, f'strategy: "{"x" * 40}..." is refused; wanted printable text of at most 64'),
        ({"reason": "a\x1b[2J"}, 'reason: "a\\u001b[2J" is refused; wanted printable text of at most 500 characters'),
        ({"accounts": "a"}, 'accounts: "a" is refused; wanted a list of 1 to 1000 account ids, or no such field'),
        ({"accounts": []}, "accounts: a list of 0 is refused; wanted a list of 1 to 1000 account ids, or no such"),
        ({"accounts": ["a", "a"]}, 'accounts: "a" is listed twice; wanted once'),
        ({"accounts": ["a", 1]}, "accounts: 1 is not a valid account id; wanted 1 to 64 letters, digits"),
        ({"metadata": {"x": float("nan")}}, "metadata: NaN is not a finite number of at most 34 digits"),
        ({"metadata": "x" * 16_383}, "metadata: 16385 bytes long; wanted at most 16384"),
        ({"metadata": "\ud800"}, "metadata: holds half of a surrogate pair; wanted whole characters"),
        ({"stoploss": 1}, '"stoploss": unknown field; did you mean stop_loss?'),
        ({"Side": "BUY"}, '"Side": unknown field; did you mean side?'),
        ({"qwertz": 1}, '"qwertz": unknown field'),
    ],
)
def test_a_wrong_field_is_named_with_what_was_found_and_wanted(fields: dict[str, Any], sentence: str) -> None:
    assert only_error(line(**fields)).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the line is not JSON: Expecting value (character 1)"),
        ("entry EURUSD", "the line is not JSON: Expecting value (character 1)"),
        ('{"id": 1} {"id": 2}', "the line is not JSON: Extra data (character 11)"),
        (b"\xff", "the line is not UTF-8 text (byte 1)"),
        ("[1]", "the line is a list; wanted one JSON object"),
        ("null", "the line is null; wanted one JSON object"),
        ("7", "the line is 7; wanted one JSON object"),
        ("[" * 100_000, "the line is nested too deeply to be read"),
        (" " * 131_073, "the line is longer than 131072 bytes"),
    ],
)
def test_a_line_that_holds_no_object_is_one_error(text: str | bytes, sentence: str) -> None:
    assert parse_signal(text, NOW_NS) == BadSignal(None, (sentence,))


def test_all_wrong_fields_are_reported_together() -> None:
    text = '{"id": "s9", "kind": "entry", "symbol": "", "side": "up", "quantity": -1, "stop": 3}'
    bad = parse_signal(text, NOW_NS)
    assert isinstance(bad, BadSignal)
    assert bad.signal_id == "s9"
    assert [sentence.partition(":")[0] for sentence in bad.errors] == ['"stop"', "symbol", "side", "quantity"]


def test_a_key_written_twice_is_an_error_and_an_id_written_twice_is_none() -> None:
    assert only_error(line()[:-1] + ', "side": "BUY"}') == "side: written twice; wanted once"
    assert only_error(line(metadata={"a": 1})[:-2] + ', "a": 1}}') == 'metadata: the key "a" stands in it twice'
    twice = parse_signal(line()[:-1] + ', "id": "s2"}', NOW_NS)
    assert twice == BadSignal(None, ("id: written twice; wanted once",))


def test_a_stop_adjustment_without_levels_says_what_it_wants() -> None:
    text = '{"id": "s1", "kind": "stop_adjustment", "symbol": "X"}'
    assert only_error(text) == "stop_loss: missing; a stop adjustment wants a stop_loss, a take_profit or both"


@pytest.mark.parametrize(
    ("kind", "field", "sentence"),
    [
        ("exit", "stop_loss", "means nothing on an exit, wanted no such field; a stop_adjustment moves it"),
        ("exit", "take_profit", "means nothing on an exit, wanted no such field; a stop_adjustment moves it"),
        ("exit", "entry_price", "means nothing on an exit, wanted no such field"),
        ("exit", "confidence", "means nothing on an exit, wanted no such field"),
        ("exit", "limit_price", "means nothing on an exit, wanted no such field"),
        ("exit", "time_in_force", "means nothing on an exit, wanted no such field"),
        ("exit", "order_type", "LIMIT on an exit; an exit leaves at the market, wanted MARKET"),
        ("stop_adjustment", "quantity", "means nothing on a stop adjustment, wanted no such field"),
        ("stop_adjustment", "order_type", "means nothing on a stop adjustment, wanted no such field"),
    ],
)
def test_a_field_that_would_be_ignored_is_an_error(kind: str, field: str, sentence: str) -> None:
    values = {"time_in_force": "GTC", "order_type": "LIMIT", "confidence": "0.5"}
    levels = {} if kind == "exit" else {"stop_loss": "1.05"}
    body = {"id": "s1", "kind": kind, "symbol": "X", **levels}
    assert only_error(json.dumps(body | {field: values.get(field, "1.1")})) == f"{field}: {sentence}"
    read(json.dumps(body | {field: None}))


def test_an_exit_may_say_that_it_leaves_at_the_market() -> None:
    assert read('{"id": "s1", "kind": "exit", "symbol": "X", "order_type": "MARKET"}').order_type is OrdType.MARKET


def test_metadata_may_be_deep_but_not_bottomless() -> None:
    text = line(metadata=0)
    assert read(text.replace(": 0", ": " + "[" * 16 + "0" + "]" * 16)).metadata == "[" * 16 + "0" + "]" * 16
    assert only_error(text.replace(": 0", ": " + "[" * 17 + "0" + "]" * 17)) == "metadata: nested more than 16 deep"


def test_metadata_of_exactly_the_limit_is_read() -> None:
    assert len(read(line(metadata="x" * 16_382)).metadata) == 16_384


def test_a_flood_of_errors_is_cut_short() -> None:
    sentences = errors(json.dumps({f"field{number}": 0 for number in range(5_000)}))
    assert len(sentences) == ERRORS_MAX + 1
    assert sentences[-1] == "and 4971 more"


# --- the same wish ----------------------------------------------------------------------------------------------------


def test_a_signal_without_a_time_says_so_because_it_may_come_again_later() -> None:
    assert not read(line()).time_given
    assert read(line(signal_time=NOW_NS)).time_given


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"quantity": "1.10"}, {"quantity": 1.1}),
        ({"accounts": ["a", "b"]}, {"accounts": ["b", "a"]}),
        ({"signal_time": "2025-03-14T09:30:00Z"}, {"signal_time": 1741944600}),
        ({"metadata": {"a": 1.0, "b": [2]}}, {"metadata": {"b": [2e0], "a": 1}}),
        ({"side": "buy", "symbol": "eurusd"}, {"time_in_force": "day", "reason": None}),
    ],
)
def test_bodies_that_mean_the_same_are_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert read(line(**one)) == read(line(**other))


# --- whatever the bytes -----------------------------------------------------------------------------------------------

numerals = st.from_regex(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,12})?", fullmatch=True)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | numerals,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
sound: dict[str, st.SearchStrategy[Any]] = {
    "id": st.text(string.ascii_letters, min_size=1),
    "kind": st.sampled_from(SignalKind),
    "symbol": st.just("eurusd"),
    "side": st.sampled_from(["BUY", "sell"]),
    "stop_loss": numerals,
    "signal_time": st.datetimes().map(lambda moment: moment.isoformat() + "Z") | st.integers(0, 2**70),
    "accounts": st.lists(st.sampled_from("abc")),
    "metadata": values,
}
bodies = st.fixed_dictionaries({}, optional={name: sound.get(name, values) | values for name in FIELDS})
lines = st.one_of(
    st.binary(),
    st.text(),
    bodies.map(json.dumps),
    st.dictionaries(st.sampled_from(FIELDS) | st.text(), values).map(json.dumps),
    # One numeral as it stands, because json.dumps writes only tame ones.
    st.tuples(bodies, numerals).map(lambda pair: json.dumps(pair[0] | {"quantity": 0}).replace(": 0", f": {pair[1]}")),
    st.tuples(st.sampled_from(['{"metadata":', "[", '{"a":[']), st.integers(1, 20_000)).map(
        lambda pair: pair[0] * pair[1]
    ),
)


@given(lines)
def test_nothing_that_is_fed_raises_and_every_answer_can_be_journaled(text: str | bytes) -> None:
    answer = parse_signal(text, NOW_NS)
    if isinstance(answer, BadSignal):
        assert answer.errors
        record = Record(1, NOW_NS, ReportBadSignal("line 1", answer.errors, answer.signal_id))
        assert all(sentence.isprintable() for sentence in answer.errors)
    else:
        record = Record(1, NOW_NS, SubmitSignal(answer))
        json.loads(answer.metadata or "null")
    assert decode(encode(record)) == record


@given(st.decimals("0.000000000001", "99999999999999999999", allow_nan=False, places=12))
def test_a_number_is_the_same_as_text_and_as_a_number(value: Decimal) -> None:
    written = format(value, "f")
    as_number = read(line(quantity=0).replace(": 0", f": {written}"))
    assert as_number == read(line(quantity=written))
    assert as_number.quantity == value


# --- spreads --------------------------------------------------------------------------------------------------------


SPREAD: dict[str, object] = {
    "id": "sp",
    "kind": "entry",
    "quantity": 10,
    "legs": [
        {"symbol": "front", "side": "buy", "ratio": 1, "stop_loss": "95"},
        {"symbol": "BACK", "side": "SELL", "ratio": "2.5", "limit_price": 50.10},
    ],
    "max_unhedged_value": "5000",
    "max_unhedged_s": 20,
    "on_legging_limit": "Unwind",
}


def spread(**changes: object) -> str:
    return json.dumps({**SPREAD, **changes})


def test_a_signal_with_legs_is_read_with_its_limit() -> None:
    signal = read(spread())
    assert (signal.symbol, signal.side, signal.quantity) == ("FRONT", Side.BUY, Decimal(10))
    assert signal.legs == (
        Leg(Symbol("FRONT"), Side.BUY, Decimal(1), stop_loss=Decimal(95)),
        Leg(Symbol("BACK"), Side.SELL, Decimal("2.5"), limit_price=Decimal("50.1")),
    )
    assert signal.legging == LeggingLimit(Decimal(5000), 20, LeggingRule.UNWIND)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"quantity": 1.5}, "quantity: 1.5 is not whole; with legs it counts units, wanted a whole number"),
        ({"quantity": None}, "quantity: missing; a signal with legs wants one"),
        ({"max_unhedged_s": None}, "max_unhedged_s: missing; a signal with legs wants one"),
        ({"max_unhedged_s": 3601}, "max_unhedged_s: 3601 is out of range; wanted a whole number from 1 to 3600"),
        ({"max_unhedged_value": 0}, "max_unhedged_value: 0 is not above zero"),
        ({"on_legging_limit": "hope"}, 'on_legging_limit: "hope" is not known; wanted complete, unwind'),
        ({"symbol": "X"}, "symbol: means nothing beside legs, wanted no such field: each leg says its own"),
        ({"legs": "two"}, 'legs: "two" is refused; wanted a list of 2 to 4 legs'),
        ({"legs": [1]}, "legs: a list of 1 is refused; wanted a list of 2 to 4 legs"),
        (
            {"legs": [{"symbol": "A", "side": "BUY", "ratio": 1}, {"symbol": "a", "side": "SELL", "ratio": 1}]},
            'legs: "A" stands in 2 legs; wanted each symbol once',
        ),
        (
            {"legs": [{"symbol": "A", "side": "BUY"}, {"symbol": "B", "side": "SELL", "ratio": 1}]},
            "legs: leg 1: ratio: missing; wanted the lots of this leg in one unit",
        ),
    ],
)
def test_a_wrong_field_of_a_spread_is_named_with_what_is_wanted(changes: dict[str, object], sentence: str) -> None:
    assert only_error(spread(**changes)) == sentence


def test_a_legging_limit_without_legs_means_nothing() -> None:
    line = json.dumps({"id": "a", "kind": "entry", "symbol": "X", "side": "BUY", "quantity": 1, "max_unhedged_s": 5})
    assert only_error(line) == "max_unhedged_s: means nothing without legs, wanted no such field"


def test_an_exit_may_name_a_spread_instead_of_an_instrument() -> None:
    signal = read(json.dumps({"id": "x1", "kind": "exit", "spread": "s1", "quantity": 2}))
    assert (signal.spread, signal.symbol, signal.side, signal.quantity) == ("s1", "", None, Decimal(2))


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"symbol": "A"}, "symbol: means nothing beside spread, wanted no such field: all legs of it are closed"),
        ({"side": "BUY"}, "side: means nothing beside spread, wanted no such field: all legs of it are closed"),
        ({"quantity": 1.5}, "quantity: 1.5 is not whole; with a spread it counts units, wanted a whole number"),
        ({"spread": "a/1"}, 'spread: "a/1" is not a valid name; wanted 1 to 64 letters, digits or any of . _ : -'),
    ],
)
def test_an_exit_of_a_spread_says_nothing_of_an_instrument(changed: dict[str, object], error: str) -> None:
    assert only_error(json.dumps({"id": "x1", "kind": "exit", "spread": "s1", **changed})) == error


@pytest.mark.parametrize(
    ("level", "error"),
    [
        (1, "1 is refused"),
        ({}, "wanted a net_price or money, and not both"),
        ({"net_price": 1, "money": 1}, "wanted a net_price or money, and not both"),
        ({"money": -1}, "money: -1 is not above zero"),
    ],
)
def test_a_level_of_a_spread_is_a_net_price_or_money(level: object, error: str) -> None:
    assert error in only_error(spread(spread_stop=level))


def moving(**changed: object) -> str:
    body = {"id": "m1", "kind": "stop_adjustment", "spread": "s1", "spread_stop": {"net_price": "-0.5"}} | changed
    return json.dumps({name: value for name, value in body.items() if value is not None})


def test_a_stop_adjustment_may_name_a_spread_instead_of_an_instrument() -> None:
    signal = read(moving(spread_target={"money": 9}))
    assert (signal.spread, signal.symbol) == ("s1", "")
    assert signal.spread_stop == SpreadLevel(net_price=Decimal("-0.5"))
    assert signal.spread_target == SpreadLevel(money=Decimal(9))


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"symbol": "A"}, "symbol: means nothing beside spread, wanted no such field: the spread is moved as a whole"),
        ({"stop_loss": 1}, "stop_loss: means nothing beside spread, wanted no such field"),
        ({"spread_stop": None}, "spread_stop: missing; with a spread a stop adjustment wants one, a spread_target or"),
        (
            {"spread": None, "symbol": "A", "stop_loss": 1},
            "spread_stop: means nothing without spread, wanted the id of the spread whose level it moves",
        ),
        ({"quantity": 1}, "quantity: means nothing on a stop adjustment"),
    ],
)
def test_a_stop_adjustment_of_a_spread_says_nothing_of_an_instrument(changed: dict[str, object], error: str) -> None:
    assert only_error(moving(**changed)).startswith(error)


def test_a_net_price_of_a_spread_may_be_below_zero() -> None:
    signal = read(spread(spread_stop={"net_price": "-0.5"}))
    assert signal.spread_stop == SpreadLevel(net_price=Decimal("-0.5"))
