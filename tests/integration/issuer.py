"""Whoever signs tokens, and withdraws them: what an organisation's sign-in service is to a server under test."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from presence.identity import Identity, mint
from presence.keys import KEY_SET_FILE, KeyPair, development_key_pair


class Issuer:
    """Signs with a key pair of its own, and keeps a revocation list; both lie in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key_set_file = folder / KEY_SET_FILE
        self.revoked_file = folder / "revoked.txt"
        self.revoked_file.write_text("", "utf-8")
        self._pair = development_key_pair(folder)

    def token(self, user: str, *grants: str, **claims: Any) -> str:
        """Sign a token for ten minutes; `claims` are fields of the identity in it. Its id is `id-of-<user>`."""
        return self.token_for("presence", user, grants=frozenset(grants), **claims)

    def token_for(self, audience: str, user: str, pair: KeyPair | None = None, **claims: Any) -> str:
        """Sign a token for any audience, with any key; it names this issuer's key all the same."""
        now = time.time()
        usual: dict[str, Any] = {
            "user": user,
            "name": user.removeprefix("u-").title(),
            "agency": "",
            "country": "",
            "roles": frozenset(),
            "grants": frozenset(),
            "guest": False,
            "token_id": f"id-of-{user}",
            "expires_at": now + 600.0,
        }
        signing_key = (pair or self._pair).private_key
        return mint(Identity(**usual | claims), signing_key, self._pair.kid, audience=audience, issued_at=now)

    def withdraw(self, *entries: str) -> None:
        """Put token ids, or `sub:` and a user, on the revocation list."""
        fresh = self.revoked_file.with_suffix(".new")
        fresh.write_text(self.revoked_file.read_text("utf-8") + "\n".join(entries) + "\n", "utf-8")
        fresh.replace(self.revoked_file)  # at once: nobody may read half a list
