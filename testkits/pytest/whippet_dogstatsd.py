"""Checks the metrics that a program sends while its pytest tests run.

Copy this file beside your tests and name it in conftest.py:

    pytest_plugins = ["whippet_dogstatsd"]

    def test_pays(dogstatsd):
        client = DogStatsd(host=dogstatsd.host, port=dogstatsd.port)
        client.increment("checkout.paid", tags=["env:test"])
        dogstatsd.wait_for("checkout.paid", type="count", tag="env:test", sum=1)

One test server runs for the whole session; each test begins with an empty one and with the variables that make clients send
to it. It is the command in WHIPPET_TEST_COMMAND ("whippet" when that is not set), or the server at WHIPPET_TEST_URL, which
`whippet expect -- pytest` and a container set. Only the standard library is used.
"""

import json
import os
import shlex
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

DEADLINE_SECONDS = 30


class NotReceived(AssertionError):
    """What was expected did not arrive; the message says what did."""


class TestServer:
    """A running test server: where to send to, and what it received."""

    __test__ = False  # The name looks like a test to pytest.

    def __init__(self, places, process=None):
        self.host = places["host"]
        self.port = int(places["port"])
        self.url = places["url"]
        self.socket_path = places.get("socketPath")
        self.env = places.get("env", {})
        self._process = process

    def wait_for(self, name, timeout="5s", **expected):
        """Waits for a metric; raises NotReceived with a report. Keys are those of GET /api/test/wait."""
        return self._wait([("name", name)], timeout, expected)

    def wait_for_event(self, title, timeout="5s", **expected):
        return self._wait([("event", title)], timeout, expected)

    def wait_for_service_check(self, name, timeout="5s", **expected):
        return self._wait([("check", name)], timeout, expected)

    def metrics(self, **selected):
        return self._get("metrics", _pairs(selected))["metrics"]

    def rejected(self):
        return self._get("rejected")["rejected"]

    def assert_nothing_rejected(self):
        lines = [f"  {one['line']}  {one['reason']}" for one in self.rejected()]
        if lines:
            raise NotReceived("\n".join(["expected no line to be rejected", *lines]))

    def reset(self):
        self._ask("POST", "reset", [])

    def close(self):
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait(DEADLINE_SECONDS)

    def _wait(self, pairs, timeout, expected):
        return self._get("wait", [*pairs, *_pairs(expected), ("timeout", timeout)])["received"]

    def _get(self, path, pairs=()):
        return self._ask("GET", path, pairs)

    def _ask(self, method, path, pairs):
        query = urllib.parse.urlencode(list(pairs))
        request = urllib.request.Request(f"{self.url}/api/test/{path}?{query}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS + 600) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            body = json.load(error)
            if error.code == 408:
                raise NotReceived(body["report"]) from None
            raise ValueError(body["error"]) from None


def _pairs(values):
    """`tag=["a", "b"]` is two pairs, `exact_tags=True` is "true"."""
    for key, value in values.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            yield key, str(one).lower() if isinstance(one, bool) else str(one)


def start():
    """Starts a test server, or takes the one at WHIPPET_TEST_URL."""
    url = os.environ.get("WHIPPET_TEST_URL")
    if url:
        host = os.environ.get("DD_AGENT_HOST", urllib.parse.urlparse(url).hostname)
        return TestServer({"host": host, "port": os.environ.get("DD_DOGSTATSD_PORT", "8125"), "url": url})
    command = shlex.split(os.environ.get("WHIPPET_TEST_COMMAND", "whippet"))
    process = subprocess.Popen(
        [*command, "test-server", "--port", "0", "--http-port", "0", "--json", "--until-stdin-ends"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{command[0]} test-server did not start; exit code {process.wait(DEADLINE_SECONDS)}")
    return TestServer(json.loads(line), process)


@pytest.fixture(scope="session")
def dogstatsd_server():
    server = start()
    yield server
    server.close()


@pytest.fixture
def dogstatsd(dogstatsd_server, monkeypatch):
    """The test server, empty, with the variables that make clients send to it."""
    for name, value in dogstatsd_server.env.items():
        monkeypatch.setenv(name, value)
    dogstatsd_server.reset()
    return dogstatsd_server
