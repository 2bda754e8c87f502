"""Figures in the text form of Prometheus."""

from proximity.authority.service.metrics import Metrics


def test_requests_are_counted_by_path_and_status():
    metrics = Metrics()
    metrics.observe("/v1/publish", 200, 0.004)
    metrics.observe("/v1/publish", 200, 0.3)
    metrics.observe("/v1/publish", 400, 9.0)
    text = metrics.render({"waiting_keys": 7})

    assert 'proximity_requests_total{path="/v1/publish",status="200"} 2' in text
    assert 'proximity_requests_total{path="/v1/publish",status="400"} 1' in text
    assert 'request_seconds_bucket{path="/v1/publish",le="0.005"} 1' in text
    assert 'request_seconds_bucket{path="/v1/publish",le="0.5"} 2' in text
    assert 'request_seconds_bucket{path="/v1/publish",le="+Inf"} 3' in text
    assert 'request_seconds_count{path="/v1/publish"} 3' in text
    assert "# TYPE proximity_waiting_keys gauge\nproximity_waiting_keys 7\n" in text


def test_nothing_counted_is_still_a_document():
    assert Metrics().render({}).endswith("\n")
