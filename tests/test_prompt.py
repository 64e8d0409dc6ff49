"""The server's sockets send small answers at once."""

import socket

import pytest

from genlib.cli.prompt import prompt

pytestmark = pytest.mark.fast


def test_an_accepted_connection_does_not_wait_for_more():
    from streamlit.web.server.starlette.starlette_server import _bind_socket

    with prompt(_bind_socket)("127.0.0.1", 0, 5) as listening:
        listening.setblocking(True)
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
