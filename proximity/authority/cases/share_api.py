"""The two doors of sharing, for devices: open a token, hand a package in.

Both answer a device that a person has set to ask. There is no door by which anything is
fetched from a device, and no answer that makes one send.
"""

import json
from typing import Any

from fastapi import APIRouter

from proximity.authority.api_error import unparsable
from proximity.authority.assembly import Authority
from proximity.authority.cases.forms import (
    OpenAnswer,
    OpenRequest,
    PackageAnswer,
    PackageRequest,
)
from proximity.authority.cases.intake import Intake, take_package
from proximity.authority.cases.policy import load_policy
from proximity.authority.cases.tokens import open_token
from proximity.authority.keyring import REVISION
from proximity.authority.upload.revision_token import TokenKey, read_token
from proximity.authority.verification.api import needs_key
from proximity.authority.verification.forms import refusals
from proximity.authority.verification.model import ApiKeyKind
from proximity.protocol.sharing import MAX_PACKAGE_BYTES
from proximity.scoring.config import built_in

OPEN_PATH, PACKAGE_PATH = "/api/share/open", "/api/share/package"
# The package, what stands around it, and what fills it up.
MAX_SHARE_BYTES = MAX_PACKAGE_BYTES + (128 << 10)


def share_routes(authority: Authority) -> APIRouter:
    """Return what a device asks when its person shares."""
    routes = APIRouter(
        dependencies=[needs_key(authority, ApiKeyKind.DEVICE)],
        responses=refusals(400, 401, 404, 409, 503),
    )
    policy = load_policy(authority.directory)

    def uploaded(text: str) -> frozenset[TokenKey]:
        if not text:
            return frozenset()
        secrets = authority.keyring.believed(REVISION)
        audience = authority.settings.health_authority_id
        return read_token(text, secrets, audience) or frozenset()

    @routes.post(OPEN_PATH, response_model=OpenAnswer)
    def open_(body: OpenRequest) -> dict[str, Any]:
        """Tell what a token asks for."""
        key = bytes.fromhex(body.public_key)
        with authority.engine.begin() as connection:
            opened = open_token(connection, body.token, key, now_s=authority.now_s)
        days = opened.recursive
        return {
            "kind": opened.kind,
            "case": opened.case,
            "nonce": opened.nonce.hex(),
            "salt": opened.salt.hex(),
            "firstDay": opened.first_day,
            "lastDay": opened.last_day,
            "recursiveFirstDay": days.from_day if days else None,
            "recursiveLastDay": days.to_day if days else None,
            "keys": [
                {
                    "key": key.key.hex(),
                    "startInterval": key.start_interval,
                    "period": key.period,
                }
                for key in opened.keys
            ],
        }

    @routes.post(PACKAGE_PATH, response_model=PackageAnswer)
    def package(body: PackageRequest) -> dict[str, Any]:
        """Take in what a person shared."""
        try:
            data = json.dumps(body.package).encode()
        except (ValueError, RecursionError) as error:
            raise unparsable() from error
        intake = Intake(
            authority.settings.health_authority_id,
            policy,
            built_in(policy.rule),
            authority.vault,
            uploaded,
            authority.now_s,
        )
        with authority.engine.begin() as connection:
            taken = take_package(connection, body.token, data, intake)
        return taken._asdict()

    return routes
