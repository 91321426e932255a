"""Dask's dashboard: a link that works here and behind JupyterHub, loaded only when it is opened."""

import urllib.request

import pytest

from tests.cluster.conftest import run_script
from toolkit.cluster import dashboard

pytestmark = pytest.mark.cluster


def test_the_link_leads_through_jupyter_where_there_is_a_hub(monkeypatch):
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX", raising=False)
    assert dashboard.link(4711) == "http://127.0.0.1:4711/status"
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    assert dashboard.link(4711) == "/user/ada/proxy/4711/status"


def test_it_is_served(cluster):
    for _ in range(2):
        with urllib.request.urlopen(cluster.dashboard_link, timeout=30) as page:
            assert page.status == 200
            assert page.url == cluster.dashboard_link
            assert b"bokeh" in page.read()
    with urllib.request.urlopen(cluster.dashboard_link.replace("/status", "/workers?a=1"), timeout=30) as page:
        assert page.url.endswith("/workers?a=1")
        assert b"bokeh" in page.read()


def test_bokeh_is_not_loaded_before_somebody_looks():
    ran = run_script("""
        import sys, urllib.request
        from toolkit import Cluster
        with Cluster(1) as cluster:
            print(bool(cluster.dashboard_link), "bokeh" in sys.modules)
            urllib.request.urlopen(cluster.dashboard_link, timeout=30).read()
            print("bokeh" in sys.modules)
    """)
    assert (ran.stdout, ran.stderr) == ("True False\nTrue\n", "")
