"""Figures in the text form of Prometheus."""

from pathlib import Path

from proximity.authority.service.metrics import HELP, REQUESTS, SECONDS, Metrics


def test_requests_are_counted_by_path_and_status():
    metrics = Metrics()
    metrics.observe("/v1/publish", 200, 0.004)
    metrics.observe("/v1/publish", 200, 0.3)
    metrics.observe("/v1/publish", 400, 9.0)
    text = metrics.render({"proximity_waiting_keys": 7})

    assert 'proximity_requests_total{path="/v1/publish",status="200"} 2' in text
    assert 'proximity_requests_total{path="/v1/publish",status="400"} 1' in text
    assert 'request_seconds_bucket{path="/v1/publish",le="0.005"} 1' in text
    assert 'request_seconds_bucket{path="/v1/publish",le="0.5"} 2' in text
    assert 'request_seconds_bucket{path="/v1/publish",le="+Inf"} 3' in text
    assert 'request_seconds_count{path="/v1/publish"} 3' in text
    assert "# TYPE proximity_waiting_keys gauge\nproximity_waiting_keys 7\n" in text


def test_every_figure_has_help_and_type_before_it():
    metrics = Metrics()
    metrics.observe("/healthz", 200, 0.001)
    gauges = dict.fromkeys(set(HELP) - {REQUESTS, SECONDS}, 1)
    lines = metrics.render(gauges).splitlines()

    assert {line.split()[2] for line in lines if line.startswith("# HELP")} == set(HELP)
    for name in HELP:
        assert lines.index(f"# HELP {name} {HELP[name]}") >= 0
        assert any(line.startswith(f"# TYPE {name} ") for line in lines)


def test_every_figure_is_explained_to_operators():
    page = Path(__file__).parents[4] / "docs/reference/authority-api.md"
    text = page.read_text(encoding="utf-8")

    assert {name for name in HELP if f"`{name}`" not in text} == set()


def test_nothing_counted_is_still_a_document():
    assert Metrics().render({}).endswith("\n")
