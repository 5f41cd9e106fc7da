"""A stand-in for GitHub's sign-in: its OAuth pages and the two calls of its API that lci makes."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CLIENT_ID = "Iv1.lci"
CLIENT_SECRET = "the OAuth app's s3cret"


@dataclass
class GitHubDouble:
    """`people`: login to number; `members`: organisation to logins. `approve` is the click on "Authorize"."""

    url: str = ""
    people: dict[str, int] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answer: bytes | None = None
    _codes: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)

    def approve(self, url: str, login: str) -> dict[str, str]:
        """Authorize what the address asks for; return the query with which the browser is sent back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{self.url}/login/oauth/authorize?")
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = (login, asked)
        return {"code": code, "state": asked["state"]}

    def exchange(self, given: dict[str, str]) -> dict[str, str]:
        login, asked = self._codes.pop(given.get("code", ""), ("", {}))
        challenge = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        right = (
            login
            and given["client_secret"] == CLIENT_SECRET
            and given["redirect_uri"] == asked["redirect_uri"]
            and base64.urlsafe_b64encode(challenge).decode().rstrip("=") == asked["code_challenge"]
        )
        if not right:
            return {"error": "bad_verification_code", "error_description": f"{given['client_secret']} is wrong"}
        self._tokens[f"gho_{login}"] = login
        return {"access_token": f"gho_{login}", "token_type": "bearer"}

    def about(self, path: str, token: str) -> tuple[int, object]:
        login = self._tokens.get(token)
        if login is None:
            return 401, {"message": "Bad credentials"}
        if path == "/api/v3/user":
            return 200, {"login": login, "id": self.people[login]}
        organization = path.removeprefix("/api/v3/user/memberships/orgs/")
        if login in self.members.get(organization, []):
            return 200, {"state": "active", "role": "member"}
        return 404, {"message": "Not Found"}


@contextmanager
def run_github() -> Iterator[GitHubDouble]:
    double = GitHubDouble()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            double.asked.append(self.path)
            self._say(200, double.exchange({name: values[0] for name, values in parse_qs(body).items()}))

        def do_GET(self) -> None:
            double.asked.append(self.path)
            self._say(*double.about(self.path, self.headers["Authorization"].removeprefix("Bearer ")))

        def _say(self, status: int, document: object) -> None:
            body = json.dumps(document).encode() if double.answer is None else double.answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is said."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
