"""A smart plug on this machine: an HTTP server that answers as the documentation of Shelly and of Tasmota says, or fails on demand.

The figures that it shows are new every `update_s` seconds and stand still in between, as a real plug's do.
"""

import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

UNKNOWN = (404, "Not Found")  # what every plug says to a path that it does not know
REALM = "shellyplusplugs-a8032ab12345"


class SmartPlug:
    """The running plug; a subclass answers questions. `watts` is its power by the number of its update.

    `asked` holds every question. `fault`, where set, answers in place of the plug: it is given the handler of the request.
    """

    def __init__(self, watts: Callable[[int], Any], update_s: float = 0.1, password: str = "") -> None:
        self._watts, self._update_s, self.password = watts, update_s, password
        self.asked: list[str] = []
        self.fault: Callable[[Any], None] | None = None
        self.stopped = threading.Event()
        self._start = time.monotonic()

    def __enter__(self) -> "SmartPlug":
        plug = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                plug.asked.append(self.path)
                if plug.fault is not None:
                    plug.fault(self)
                else:
                    send(self, *plug.answer(self.path, self.headers))

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that did not wait
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def updates(self) -> int:
        """How often its figures have changed."""
        return int((time.monotonic() - self._start) / self._update_s)

    @property
    def watts(self) -> Any:
        return self._watts(self.updates)

    def answer(self, path: str, headers: Mapping[str, str]) -> tuple[Any, ...]:
        """Status, body, and further headers."""
        raise NotImplementedError


def send(handler: BaseHTTPRequestHandler, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
    """A whole answer; a body that is no text is sent as JSON."""
    content = (body if isinstance(body, str) else json.dumps(body)).encode()
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)


class Shelly(SmartPlug):
    """One of the second generation or newer, with the channels of a switch or PM1."""

    def __init__(self, watts: Callable[[int], Any], component: str = "switch", **more: Any) -> None:
        super().__init__(watts, **more)
        self._component = component
        self.watt_hours: Any = 30473.355  # or what gives it by the number of the update
        self.state: dict[str, Any] = {"output": True} if component == "switch" else {}
        self.nonce = secrets.token_hex(4)

    def status(self) -> dict[str, Any]:
        """What `Switch.GetStatus` and `PM1.GetStatus` answer."""
        total = self.watt_hours(self.updates) if callable(self.watt_hours) else self.watt_hours
        energy = {"total": total, "by_minute": [83.333, 83.1, 84.2], "minute_ts": 1764180000}
        return {"id": 0, "voltage": 229.1, "current": 0.052, "apower": self.watts, "aenergy": energy, **self.state}

    def answer(self, path: str, headers: Mapping[str, str]) -> tuple[Any, ...]:
        if path == "/rpc/Shelly.GetDeviceInfo":
            about = {"id": REALM, "model": "SNPL-00112EU", "gen": 2, "ver": "1.4.4", "app": "PlusPlugS"}
            return 200, {**about, "auth_en": bool(self.password), "auth_domain": REALM if self.password else None}
        if self.password and not self._proven(path, headers.get("Authorization", "")):
            challenge = f'Digest qop="auth", realm="{REALM}", nonce="{self.nonce}", algorithm=SHA-256'
            return 401, "", {"WWW-Authenticate": challenge}
        if path == "/rpc/Shelly.GetStatus":
            return 200, {"sys": {"uptime": 5}, "wifi": {"rssi": -73}, f"{self._component}:0": self.status()}
        if path == f"/rpc/{'Switch' if self._component == 'switch' else 'PM1'}.GetStatus?id=0":
            return 200, self.status()
        return UNKNOWN

    def _proven(self, path: str, header: str) -> bool:
        """Whether a digest of RFC 7616 proves the password for this path and the present nonce."""
        said = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', header)}
        if not header.startswith("Digest ") or said.get("nonce") != self.nonce or said.get("uri") != path:
            return False
        first = _hash(f"{said['username']}:{REALM}:{self.password}")
        parts = (first, self.nonce, said["nc"], said["cnonce"], "auth", _hash(f"GET:{path}"))
        return said["username"] == "admin" and said["response"] == _hash(":".join(parts))


class Tasmota(SmartPlug):
    """A plug that runs Tasmota; its power is shown as `watts` gives it, so a list is several channels."""

    refused_status = 401  # 200 in versions before 8.3

    def answer(self, path: str, headers: Mapping[str, str]) -> tuple[Any, ...]:
        parts = urlsplit(path)
        said = parse_qs(parts.query)
        if parts.path != "/cm":
            return 404, f"File Not Found\n\nURI: {path}"  # with the whole question in it
        if not headers.get("Referer", "").startswith("http://127.0.0.1/"):
            return 200, ""
        if self.password and (said.get("user"), said.get("password")) != (["admin"], [self.password]):
            return self.refused_status, {"WARNING": "Need user=<username>&password=<password>"}
        if said.get("cmnd") != ["Status 10"]:
            return 200, {"Command": "Unknown"}
        energy = {"TotalStartTime": "2025-01-01T00:00:00", "Total": 12.345, "Today": 0.012, "Power": self.watts}
        return 200, {"StatusSNS": {"Time": "2026-11-26T19:00:00", "ENERGY": {**energy, "Factor": 0.45, "Voltage": 229}}}


READS_ONLY = re.compile(
    r"/rpc/(Shelly\.GetDeviceInfo|Shelly\.GetStatus|(Switch|PM1)\.GetStatus\?id=\d+)|/cm\?(user=admin&password=[^&]*&)?cmnd=Status%2010"
)


def only_read(plug: SmartPlug) -> bool:
    """Whether every question that the plug was asked is one that changes nothing."""
    return bool(plug.asked) and all(READS_ONLY.fullmatch(path) for path in plug.asked)


def in_a_question(password: str) -> str:
    """A password as Tasmota wants it in a question."""
    return quote(password, safe="")


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
