"""docs/api.md, written from the route table: `python -m lci_app.api.reference > docs/api.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from lci_app.api.openapi import openapi_document
from lci_app.api.problem import CODES
from lci_app.api.route import Exempt, Nothing, Route
from lci_app.api.table import ROUTES
from lci_app.core.codes import PUBLISHED

_HEAD = """# HTTP API

Written from the route table by `python -m lci_app.api.reference`; a test compares the two. `/openapi.json` has every
field and its type, and `/docs` shows it.

- Success is `{"success": true, "data": …}`, failure
  `{"success": false, "error": {"code", "message", "details"}}`; every response bears `X-Request-Id`.
- `Authorization: Bearer lci_…`, a token of `lci token create`; each call names the scope it needs.
- A web page signs in by `POST /api/sign-in`, which sets a cookie; it then sends `X-CSRF-Token`, as that answer and
  `GET /api/me` tell it, with everything but GET. Without a session `GET /api/me` is a 401 whose `details.sign_in` tells
  what there is: `password`, `github` (a link to `/api/sign-in/github`), `set_up` (nobody is registered yet).
- The set-up link leads to the page `/welcome#SECRET`, which sends the secret as `token` to `POST /api/set-up`. From
  GitHub a browser comes back to `/`, or to `/sign-in?problem=not_set_up|refused|not_allowed`.
- A token that is limited to projects gets a 404 for others, and a 403 for what is of all of lci.
- A WebSocket or event stream ends within seconds of its session or token (close code 1008).
- A web page, which can set no header of a WebSocket handshake, offers the protocols `lci` and `lci.token.<token>`.
- Lists take `limit` (1 to 200, default 50) and `offset`, growing ones `before_id`, and answer with `total`.
- Unknown query parameters and unknown body fields are refused.
- Calls marked ⟳ honour `Idempotency-Key`: the same key within 24 hours gives the first answer again, another request
  under the same key is a 409 `CONFLICT`.
- `queue_position` counts from 1; it is null where a build waits for no turn: it has begun or ended, or `waits_for` says
  what it waits for first.
- Projects bear an `ETag`; `If-Match` guards their change (412).
"""


def reference(routes: Sequence[Route]) -> str:
    schemas = openapi_document(routes)["components"]["schemas"]
    bodies = dict.fromkeys(route.body for route in routes if route.body is not Nothing)
    lines = [_HEAD, "## Calls", "", "| call | scope | does | answers |", "| --- | --- | --- | --- |"]
    lines += [_row(route) for route in routes]
    lines += ["", "## Bodies"]
    for body in bodies:
        fields = ", ".join(f"`{name}`" for name in schemas[body.__name__]["properties"])
        lines += ["", f"**{body.__name__}**: {fields}"]
    lines += ["", "## Error codes", "", *_codes(), "", "## Codes of failures and events", "", *_published()]
    return "\n".join(lines) + "\n"


def _row(route: Route) -> str:
    query = [field.alias or name for name, field in route.query.model_fields.items()]
    call = f"`{route.method} {route.path}{'?' + '&'.join(query) if query else ''}`"
    body = f", body **{route.body.__name__}**" if route.body is not Nothing else ""
    access = f"none ({route.access})" if isinstance(route.access, Exempt) else str(route.access)
    answer = (
        route.answer.__name__
        if route.answer
        else ", ".join(kind.partition(";")[0] for kind in route.content) or "WebSocket"
    )
    repeated = " ⟳" if route.idempotent else ""
    return f"| {call}{repeated} | {access} | {route.summary}{body} | {route.status} {answer} |"


def _codes() -> Iterator[str]:
    for status, codes in CODES.items():
        yield f"- {status}: {', '.join(f'`{code}`' for code in codes)}"


def _published() -> Iterator[str]:
    where = {
        "FailureCode": "`failure.code` of a build",
        "EventCode": "`code` of an `error` event; beside those of failures",
        "ReasonCode": "`code` of a reason in `/readyz`, `GET /api/system` and `system_status`",
    }
    told: set[str] = set()
    for name, values in PUBLISHED.items():
        listed = [f"`{value}`" for value in values if name != "EventCode" or value not in told]
        told.update(values)
        yield f"- **{name}**, {where[name]}: {', '.join(listed)}"


if __name__ == "__main__":
    sys.stdout.write(reference(ROUTES))
