"""The style that comes with a page, and with nothing else."""

import pytest

from pages.ui.dress import Dress

pytestmark = pytest.mark.fast
PAGE = [b"<html><head></head><body><div id='root'>", b"</div></body></html>"]


def answer(kind, parts, method="GET", query=b"", **headers):
    """What a browser gets, where the app behind says this in parts."""
    got = []

    async def app(scope, receive, send):
        told = {"content-type": kind, "content-length": str(sum(map(len, parts))), "etag": '"1"'} | headers
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in told.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        for i, part in enumerate(parts):
            await send({"type": "http.response.body", "body": part, "more_body": i < len(parts) - 1})

    async def send(message):
        got.append(message)

    scope = {"type": "http", "method": method, "query_string": query, "headers": []}
    with pytest.raises(StopIteration):  # nothing in it waits, so that one step is all
        Dress(app)(scope, None, send).send(None)
    return dict(got[0]["headers"]), b"".join(message["body"] for message in got[1:])


def test_a_page_comes_with_its_style():
    headers, body = answer("text/html; charset=utf-8", PAGE)
    assert body.startswith(b"".join(PAGE).removesuffix(b"</body></html>"))
    assert b"<style>" in body
    assert b"stMainBlockContainer" in body
    assert body.endswith(b"</style></body></html>")
    assert int(headers[b"content-length"]) == len(body)
    assert b"etag" not in headers


def test_a_place_is_kept_for_the_menu_where_there_will_be_one():
    kept = b"margin-left: 300px"
    assert kept in answer("text/html", PAGE, query=b"family=gan")[1]
    for query in (b"embed=true", b"present=true", b"hide=menu", b"lesson=tour"):
        assert kept not in answer("text/html", PAGE, query=query)[1]


@pytest.mark.parametrize(
    ("kind", "method", "headers"),
    [
        ("application/javascript", "GET", {}),
        ("text/html", "HEAD", {}),
        ("text/html", "GET", {"content_encoding": "gzip"}),
    ],
)
def test_all_else_comes_as_it_is(kind, method, headers):
    told, body = answer(kind, PAGE, method, **headers)
    assert body == b"".join(PAGE)
    assert told[b"etag"] == b'"1"'


def test_a_browser_gets_no_packed_page_which_could_not_be_dressed():
    heard = {}

    async def app(scope, receive, send):
        heard[scope["path"]] = [name for name, _ in scope["headers"]]

    for path, accept in (("/mixture", b"text/html,*/*;q=0.8"), ("/static/index.js", b"*/*")):
        headers = [(b"accept", accept), (b"accept-encoding", b"gzip, br")]
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
        with pytest.raises(StopIteration):
            Dress(app)(scope, None, None).send(None)
    assert heard == {"/mixture": [b"accept"], "/static/index.js": [b"accept", b"accept-encoding"]}
