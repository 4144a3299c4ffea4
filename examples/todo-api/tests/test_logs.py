"""Structured logs."""

import json
import logging
import sys

from todo_api.logs import JsonFormatter


def written(record: logging.LogRecord) -> str:
    return JsonFormatter().format(record)


def test_a_record_is_one_line_of_json() -> None:
    record = logging.LogRecord("todo_api", logging.INFO, "app.py", 1, "two\n%s", ("lines",), None)
    vars(record)["fields"] = {"status": 200}

    line = written(record)

    assert "\n" not in line
    assert json.loads(line) | {"time": ""} == {
        "time": "",
        "level": "INFO",
        "logger": "todo_api",
        "message": "two\nlines",
        "status": 200,
    }


def test_an_exception_is_in_the_same_line() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        record = logging.LogRecord("todo_api", logging.ERROR, "app.py", 1, "failed", (), sys.exc_info())

    line = written(record)

    assert "\n" not in line
    assert json.loads(line)["exception"].endswith("ValueError: broken")
