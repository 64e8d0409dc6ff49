"""The command that serves the pages."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from typing import Any

from genlib.cli.prompt import prompt
from genlib.cli.whole import whole
from genlib.data import assets
from genlib.knobs import InputError, shown
from genlib.runs import Limits, home
from genlib.runs.workers import look, scheduler
from genlib.worker import end

__all__ = ["add_app"]


def add_app(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command to those of a parser."""
    app = commands.add_parser("app", help="open the app in the browser")
    app.add_argument("--port", type=int, default=8501, help="port to serve on (default 8501)")
    text = "who can reach it: 127.0.0.1 this machine only (default), 0.0.0.0 the whole network, or one of its addresses"
    app.add_argument("--address", help=text)
    app.add_argument("--no-browser", action="store_true", help="only serve")
    app.set_defaults(command=_app)


def _app(options: argparse.Namespace) -> int:
    if not 1 <= options.port <= 65_535:
        raise InputError(f"The port cannot be {options.port}: choose a whole number from 1 to 65535.")
    if options.address and not _is_ours(options.address):
        raise InputError(
            f"This machine has no address {shown(options.address)}: choose 127.0.0.1, 0.0.0.0, or one of its own."
        )
    Limits.from_environment()  # one that cannot be is told here, not to visitors
    if scheduler() and (cluster := look(scheduler())).strangers:
        sys.stderr.write(cluster.words + "\n")
    from click import Abort
    from streamlit import net_util
    from streamlit.runtime.state.safe_session_state import SafeSessionState
    from streamlit.web import cli
    from streamlit.web.server.starlette import starlette_server

    # Not public: where they are missing, a server that is open to a network asks a host outside for its own address,
    # answers are slower, and on a busy machine a click may be lost.
    for owner, name, mend in (
        (net_util, "get_external_ip", lambda _: lambda: None),
        (starlette_server, "_bind_socket", prompt),
        (SafeSessionState, "on_script_will_rerun", whole),
    ):
        if hasattr(owner, name):
            setattr(owner, name, mend(getattr(owner, name)))
    os.environ["GENLIB_HOME"] = str(home().resolve())  # a relative one means the folder where the command was given
    os.chdir(assets().parent)
    headless = options.no_browser or not sys.stdout.isatty()
    sys.argv = ["streamlit", "run", "app.py", f"--server.port={options.port}", f"--server.headless={headless}"]
    sys.argv += [f"--server.address={options.address}"] if options.address else []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that it ends as after Ctrl-C
    try:
        return int(cli.main(standalone_mode=False) or 0)
    except Abort:  # Ctrl-C
        return 0
    finally:
        end()


def _is_ours(address: str) -> bool:
    """Whether this machine can listen there."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as listening:
        try:
            listening.bind((address, 0))
        except (OSError, UnicodeError):
            return False
    return True
