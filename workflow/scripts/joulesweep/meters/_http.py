"""Asks a machine on the local network for JSON over HTTP: within a limited time, through no proxy, following no redirect.

A challenge is answered with a digest by SHA-256 (RFC 7616). urllib would repeat a password that is refused five times, which may
lock the account, and older versions of it know no SHA-256.
"""

import http.client
import json
import re
import secrets
import socket
import threading
from contextlib import suppress
from email.message import Message
from hashlib import sha256
from queue import Empty, SimpleQueue
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

_LONGEST = 1 << 16  # bytes of an answer that are read; a plug's status has some hundred
_ADDRESS = re.compile(r"(?:http://)?(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?/?", re.ASCII)
_HIGHEST_PORT = 65535

Answer = tuple[int, Message, bytes]  # HTTP status, headers, body


class NoAnswer(OSError):
    """Nothing came in time, or what came was no HTTP; the next question may be answered."""


class Refusal(OSError):
    """It answered with an HTTP status that is no success; `body` is what came with it."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"it answers with HTTP status {status}")
        self.status, self.body = status, body


class Client:
    """Asks one machine; every question and its answer together take at most `patience_s` seconds."""

    def __init__(self, address: str, patience_s: float, user: str, password: str) -> None:
        """`address` is HOST, HOST:PORT or http://HOST:PORT; an empty password answers no challenge.

        Raises:
            ValueError: the address is none of these. The text does not repeat it, since it may hold a password.
        """
        match = _ADDRESS.fullmatch(address)
        if match is None or not int(match["port"] or 80) <= _HIGHEST_PORT:
            raise ValueError(
                "it is no address; write a host name or an IP address, as in 192.168.1.50 or plug.local:80"
            )
        self._host, self._port = match["host"].strip("[]"), int(match["port"] or 80)
        # Tasmota answers only what refers to itself, unless its SetOption128 allows more.
        self._headers = {"Connection": "close", "Referer": f"http://{match['host']}/"}
        self._patience_s, self._user, self._password = patience_s, user, password
        self._challenge: dict[str, str] | None = None
        self._count = 0

    def json(self, path: str) -> Any:
        """What it answers to GET `path`.

        Raises:
            NoAnswer: nothing came in time, or nothing that is HTTP.
            Refusal: it answered with another status than 200; 401 where it asks for a password or refuses this one.
            ValueError: its answer is no JSON.
        """
        status, headers, body = self._get(path)
        if status == 401 and self._password and (challenge := digest_challenge(headers)):
            self._challenge, self._count = challenge, 0
            status, _, body = self._get(path)
        if status != 200:
            raise Refusal(status, body)
        return parsed(body)

    def _get(self, path: str) -> Answer:
        """One question; asked in a thread, since neither a name server nor single bytes that drip in obey a time limit."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._patience_s)
        headers = self._headers | self._authorization(path)
        sockets: list[socket.socket] = []
        answers: SimpleQueue[Answer | Exception] = SimpleQueue()

        def ask() -> None:
            try:
                connection.connect()
                sockets.append(connection.sock)
                connection.request("GET", path, headers=headers)
                response = connection.getresponse()
                answers.put((response.status, response.headers, response.read(_LONGEST)))
            except Exception as error:  # the resolver, the system and http.client raise whatever they raise
                answers.put(error)
            finally:
                connection.close()

        threading.Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=self._patience_s)
        except Empty:
            raise NoAnswer(f"no answer within {self._patience_s:g} s") from None
        finally:
            for open_socket in sockets:
                with suppress(OSError):
                    open_socket.shutdown(socket.SHUT_RDWR)  # ends a thread that still waits
        if isinstance(answer, Exception):
            raise NoAnswer(self._words(answer)) from None
        return answer

    def _authorization(self, path: str) -> dict[str, str]:
        """The header that answers the last challenge; none before there is one."""
        if self._challenge is None:
            return {}
        self._count += 1
        realm, nonce = self._challenge["realm"], self._challenge["nonce"]
        count, own = f"{self._count:08x}", secrets.token_hex(8)
        secret = _hash(f"{self._user}:{realm}:{self._password}")
        response = _hash(f"{secret}:{nonce}:{count}:{own}:auth:{_hash(f'GET:{path}')}")
        quoted = {
            "username": self._user,
            "realm": realm,
            "nonce": nonce,
            "uri": path,
            "cnonce": own,
            "response": response,
        }
        parts = [f'{name}="{value}"' for name, value in quoted.items()]
        return {"Authorization": f"Digest {', '.join(parts)}, algorithm=SHA-256, qop=auth, nc={count}"}

    def _words(self, error: Exception) -> str:
        """What an error says, without the path, which may hold a password."""
        if isinstance(error, TimeoutError):
            return f"no answer within {self._patience_s:g} s"
        if isinstance(error, http.client.RemoteDisconnected):
            return "it closed the connection without an answer"
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
        return f"its answer is no HTTP ({type(error).__name__})"


def parsed(body: bytes) -> Any:
    """The JSON of an answer.

    Raises:
        ValueError: it is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("its answer is no JSON") from None


def digest_challenge(headers: Message) -> dict[str, str] | None:
    """The parts of a challenge for a digest with SHA-256; None where there is none."""
    for line in headers.get_all("WWW-Authenticate", []):
        scheme, _, rest = str(line).partition(" ")
        with suppress(ValueError, IndexError):  # a part without a value
            parts = parse_keqv_list(parse_http_list(rest))
            if (
                scheme.lower() == "digest"
                and parts.get("algorithm", "").upper() == "SHA-256"
                and {"realm", "nonce"} <= {*parts}
            ):
                return parts
    return None


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
