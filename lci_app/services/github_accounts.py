"""Signing in by GitHub's word: only whom the list of accounts and organisations names; an empty list names nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import trio

from lci_app.core.accounts import Role, User
from lci_app.interfaces import Clock, GitHubSignIn, GitHubUser, NewUser, Refusal, Store
from lci_app.services.sign_in import Browser, SignedIn, SignIn, SignInRefused

# Settings: the second is a secret, the third says whom the rules let in, and by which of them.
_RULES: Final = "github_sign_in"
_CLIENT_SECRET: Final = "github_client_secret"  # noqa: S105 - the setting's name
_ADMITTED: Final = "github_admitted"


@dataclass(frozen=True, slots=True)
class GitHubRules:
    """`client_id` empty: nobody signs in by GitHub. `role`: of whom it lets in for the first time."""

    client_id: str = ""
    accounts: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    role: Role = Role.VIEWER

    def names_account(self, login: str) -> bool:
        return login.lower() in {account.lower() for account in self.accounts}

    def names_organization(self, organization: str) -> bool:
        return organization.lower() in {each.lower() for each in self.organizations}

    def still_let_in(self, login: str, organization: str) -> bool:
        """Return whether what let somebody in does so yet: the organisation, or where that is empty the account."""
        return self.names_organization(organization) if organization else self.names_account(login)

    def lets_in_all_of(self, other: GitHubRules) -> bool:
        return all(map(self.names_account, other.accounts)) and all(map(self.names_organization, other.organizations))


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
    _changing: trio.Lock = field(default_factory=trio.Lock)

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
        """Replace the rules; None keeps the client secret. Whom they let in no more is signed in no more."""
        async with self._changing:
            await self._set_rules(rules, client_secret)

    async def _set_rules(self, rules: GitHubRules, client_secret: str | None) -> None:
        before = await self.rules()
        document = {
            "client_id": rules.client_id,
            "accounts": list(rules.accounts),
            "organizations": list(rules.organizations),
            "role": rules.role,
        }
        values = {_RULES: json.dumps(document)}
        if client_secret is not None:
            values[_CLIENT_SECRET] = client_secret
        shut_out: set[str] = set()
        if not rules.lets_in_all_of(before):
            admitted = await self._admitted()
            shut_out = await self._no_more_let_in(rules, admitted)
            values[_ADMITTED] = json.dumps({id_: how for id_, how in admitted.items() if id_ not in shut_out})
        # At once: rules that stood before anybody was shut out by them would never shut anybody out.
        await self.store.set_settings(values, shut_out=[int(id_) for id_ in shut_out])

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
        organization = await self._let_in_by(known, rules, access_token)
        if organization is None:
            await self.sign_in.note_refusal(f"GitHub account {known.login}", "sign_in_by_github_failed", browser)
            return NotAllowed(known.login)
        async with self._changing:
            if not (await self.rules()).still_let_in(known.login, organization):
                return NotAllowed(known.login)
            user = await self._user(known, rules.role)
            admitted = await self._admitted()
            await self._keep_admitted({**admitted, str(user.id): (known.login, organization)})
            return await self.sign_in.begin(user, browser, "sign_in_by_github")

    async def _let_in_by(self, known: GitHubUser, rules: GitHubRules, access_token: str) -> str | None:
        """Return the organisation that lets somebody in, empty where it is the account itself; None for nothing."""
        if rules.names_account(known.login):
            return ""
        for organization in rules.organizations:
            if await self.github.is_member(access_token, organization):
                return organization
        return None

    async def _admitted(self) -> dict[str, tuple[str, str]]:
        """Return login and organisation of each person as they signed in last, by the person's id."""
        return {
            id_: (login, of) for id_, (login, of) in json.loads(await self.store.setting(_ADMITTED) or "{}").items()
        }

    async def _keep_admitted(self, admitted: Mapping[str, tuple[str, str]]) -> None:
        await self.store.set_setting(_ADMITTED, json.dumps(admitted))

    async def _no_more_let_in(self, rules: GitHubRules, admitted: Mapping[str, tuple[str, str]]) -> set[str]:
        """Return the ids of those who could not sign in any more, nor have a password to do so."""
        found = set()
        for id_, (login, organization) in admitted.items():
            user = await self.store.user(int(id_))
            if user is None or not (user.has_password or rules.still_let_in(login, organization)):
                found.add(id_)
        return found

    async def _user(self, known: GitHubUser, role: Role) -> User:
        """Return the person of that GitHub account, registered now where that is new.

        A name that somebody has already is somebody else: it is never taken for the same person.
        """
        user = await self.store.user_of_github(known.id)
        for name in (known.login, f"{known.login}-github", f"github-{known.id}"):
            if user is not None:
                return user
            added = await self.sign_in.people.register(NewUser(name=name, role=role, github_id=known.id))
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
