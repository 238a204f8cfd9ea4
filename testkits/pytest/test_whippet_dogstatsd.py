"""The helper with the official client. `npm run test:testkits` runs it."""

import pytest
from datadog.dogstatsd import DogStatsd
from whippet_dogstatsd import NotReceived


@pytest.fixture
def client(dogstatsd):
    return DogStatsd(host=dogstatsd.host, port=dogstatsd.port, disable_buffering=True)


def test_receives_what_the_client_sends(dogstatsd, client):
    client.increment("checkout.paid", 3, tags=["env:test"])
    client.event("Deployed", "version 3")
    client.service_check("db.up", 0)
    received = dogstatsd.wait_for("checkout.paid", type="count", tag=["env:test"], sum=3)
    assert received["tags"] == ["env:test"]
    dogstatsd.wait_for_event("Deployed")
    dogstatsd.wait_for_service_check("db.up", status="ok")
    dogstatsd.assert_nothing_rejected()


def test_begins_empty_and_has_the_variables(dogstatsd, monkeypatch):
    import os

    assert dogstatsd.metrics() == []
    assert os.environ["DD_DOGSTATSD_PORT"] == str(dogstatsd.port)


def test_says_what_came_instead(dogstatsd, client):
    client.increment("checkout.piad")
    dogstatsd.wait_for("checkout.piad")
    with pytest.raises(NotReceived, match="received, nearest first"):
        dogstatsd.wait_for("checkout.paid", timeout="10ms")


def test_refuses_a_slip(dogstatsd):
    with pytest.raises(ValueError, match='did you mean "sum"'):
        dogstatsd.wait_for("checkout.paid", summ=3)
