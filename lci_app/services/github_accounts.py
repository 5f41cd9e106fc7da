"""Signing in by GitHub's word: only whom the list of accounts and organisations names; an empty list names nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Final

from lci_app.core.accounts import Role, User
from lci_app.interfaces import Clock, GitHubSignIn, GitHubUser, NewUser, Refusal, Store
from lci_app.services.sign_in import Browser, SignedIn, SignIn, SignInRefused

# Two settings: the second is a secret.
_RULES: Final = "github_sign_in"
_CLIENT_SECRET: Final = "github_client_secret"  # noqa: S105 - the setting's name


@dataclass(frozen=True, slots=True)
class GitHubRules:
    """`client_id` empty: nobody signs in by GitHub. `role`: of whom it lets in for the first time."""

    client_id: str = ""
    accounts: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    role: Role = Role.VIEWER


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and what it has to bring back in a cookie."""

    url: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a browser brings back: `code` and `state` of GitHub, and the nonce in its own cookie."""

    code: str = field(repr=False)
    state: str
    nonce: str = field(repr=False)
    callback_url: str

    def set_out_here(self) -> bool:
        state, own = self.state.encode(errors="replace"), _derived(self.nonce, "state").encode()
        return bool(self.nonce) and hmac.compare_digest(state, own)


@dataclass(frozen=True, slots=True)
class NotAllowed:
    login: str


@dataclass(frozen=True, slots=True)
class WrongState:
    """It is not this browser that set out, or not lately."""


@dataclass
class GitHubAccounts:
    store: Store
    github: GitHubSignIn
    sign_in: SignIn
    clock: Clock

    async def rules(self) -> GitHubRules:
        kept = await self.store.setting(_RULES)
        if kept is None:
            return GitHubRules()
        document = json.loads(kept)
        return GitHubRules(
            client_id=document["client_id"],
            accounts=tuple(document["accounts"]),
            organizations=tuple(document["organizations"]),
            role=Role(document["role"]),
        )

    async def has_client_secret(self) -> bool:
        return bool(await self.store.setting(_CLIENT_SECRET))

    async def is_set_up(self) -> bool:
        return bool((await self.rules()).client_id) and await self.has_client_secret()

    async def set_rules(self, rules: GitHubRules, client_secret: str | None) -> None:
        """Replace the rules; None keeps the client secret."""
        document = {
            "client_id": rules.client_id,
            "accounts": list(rules.accounts),
            "organizations": list(rules.organizations),
            "role": rules.role,
        }
        if client_secret is not None:
            await self.store.set_setting(_CLIENT_SECRET, client_secret)
        await self.store.set_setting(_RULES, json.dumps(document))

    async def depart(self, callback_url: str) -> Departure | None:
        """Begin a sign-in; None where GitHub sign-in is not set up."""
        if not await self.is_set_up():
            return None
        rules, nonce = await self.rules(), secrets.token_urlsafe(32)
        parameters = {
            "client_id": rules.client_id,
            "redirect_uri": callback_url,
            "state": _derived(nonce, "state"),
            "code_challenge": _challenge(_derived(nonce, "verifier")),
            "code_challenge_method": "S256",
            # Without an organisation to ask for, who it is suffices, and that needs no right at all.
            **({"scope": "read:org"} if rules.organizations else {}),
        }
        return Departure(self.github.authorize_url(parameters), nonce)

    async def arrive(self, arrival: Arrival, browser: Browser) -> SignedIn | NotAllowed | WrongState | SignInRefused:
        """End a sign-in. Raises Refusal or Trouble where GitHub does not help."""
        if not arrival.set_out_here():
            return WrongState()
        rules, secret = await self.rules(), await self.store.setting(_CLIENT_SECRET)
        if not rules.client_id or not secret:
            return WrongState()
        access_token = await self.github.exchange(
            {
                "client_id": rules.client_id,
                "client_secret": secret,
                "code": arrival.code,
                "redirect_uri": arrival.callback_url,
                "code_verifier": _derived(arrival.nonce, "verifier"),
            }
        )
        known = await self.github.user(access_token)
        if not await self._is_allowed(known, rules, access_token):
            return NotAllowed(known.login)
        return await self.sign_in.begin(await self._user(known, rules.role), browser, "sign_in_by_github")

    async def _is_allowed(self, known: GitHubUser, rules: GitHubRules, access_token: str) -> bool:
        if known.login.lower() in {account.lower() for account in rules.accounts}:
            return True
        for organization in rules.organizations:
            if await self.github.is_member(access_token, organization):
                return True
        return False

    async def _user(self, known: GitHubUser, role: Role) -> User:
        """Return the person of that GitHub account, registered now where that is new.

        A name that somebody has already is somebody else: it is never taken for the same person.
        """
        user = await self.store.user_of_github(known.id)
        for name in (known.login, f"{known.login}-github", f"github-{known.id}"):
            if user is not None:
                return user
            added = await self.store.add_user(NewUser(name=name, role=role, github_id=known.id), self.clock.now())
            user = added if isinstance(added, User) else None
        if user is None:
            raise Refusal("NAME_TAKEN", f"Somebody is called {known.login} here already")
        return user


def _derived(nonce: str, purpose: str) -> str:
    """Return what only the browser with that nonce can have set out with; it does not tell the nonce."""
    return _text(hmac.digest(nonce.encode(errors="replace"), f"lci sign-in {purpose}".encode(), "sha256"))


def _challenge(verifier: str) -> str:
    """RFC 7636, 4.2."""
    return _text(hashlib.sha256(verifier.encode()).digest())


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
