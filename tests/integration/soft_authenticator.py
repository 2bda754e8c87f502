"""An authenticator in a few lines, which answers as a passkey does, or wrongly."""

import base64
import hashlib
import json
import os
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_PRESENT, _VERIFIED, _HAS_KEY = 0x01, 0x04, 0x40


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class SoftAuthenticator:
    """Holds one passkey.

    Parameters
    ----------
    origin : str
        Where its browser says that it is.
    domain : str
    verifies : bool
        Whether it looks who sits there.
    """

    def __init__(
        self,
        origin: str = "http://localhost",
        domain: str = "localhost",
        *,
        verifies: bool = True,
    ) -> None:
        self.origin = origin
        self.domain = domain
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(16)
        self.count = 0
        self.flags = _PRESENT | (_VERIFIED if verifies else 0)

    def create(self, options: dict[str, Any]) -> str:
        """Answer what `navigator.credentials.create` was given."""
        numbers = self.key.public_key().public_numbers()
        public = {
            1: 2,
            3: -7,
            -1: 1,
            -2: numbers.x.to_bytes(32, "big"),
            -3: numbers.y.to_bytes(32, "big"),
        }
        data = self._data(self.flags | _HAS_KEY) + bytes(16)
        data += len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(public)
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options)
        return self._answer({"clientDataJSON": client, "attestationObject": attested})

    def get(self, options: dict[str, Any]) -> str:
        """Answer what `navigator.credentials.get` was given."""
        self.count += 1
        data = self._data(self.flags)
        client = self._client("webauthn.get", options)
        signed = data + hashlib.sha256(client).digest()
        return self._answer(
            {
                "clientDataJSON": client,
                "authenticatorData": data,
                "signature": self.key.sign(signed, ec.ECDSA(SHA256())),
            }
        )

    def _data(self, flags: int) -> bytes:
        named = hashlib.sha256(self.domain.encode()).digest()
        return named + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        fields = {
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": False,
        }
        return json.dumps(fields).encode()

    def _answer(self, response: dict[str, bytes]) -> str:
        return json.dumps(
            {
                "id": text(self.id),
                "rawId": text(self.id),
                "type": "public-key",
                "clientExtensionResults": {},
                "response": {name: text(data) for name, data in response.items()},
            }
        )
