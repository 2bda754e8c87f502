"""Linkability: whether what was heard lets a stranger follow a device.

Address and ID change together, so that nothing joins one ID to the next. Where an
address is heard with two IDs, or an ID under two addresses, it does.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from proximity.errors import FormatError
from proximity.protocol.carrier import DEFAULT_PROFILE, DeploymentProfile
from proximity.protocol.reception import MAX_T_MS, Receptions
from proximity.protocol.scheme import KNOWN_SCHEMES, Recognised, recognise
from proximity.units import MS_PER_S

_Sent = tuple[bytes | None, bytes]


@dataclass(frozen=True, slots=True)
class Linkability:
    """What breaks the one-to-one rule among the pairs (address, ID) of one scheme.

    Attributes
    ----------
    ids, addresses, pairs : int
        How many different ones were heard; IDs count also without an address.
    breaking_pairs : int
        Pairs whose address was heard with another ID too, or whose ID under another
        address too; 0 if the rule holds.
    addresses_of_several_ids, ids_of_several_addresses : int
        What the breaks are.
    most_ids_joined : int
        IDs of the largest group that such pairs join; 1 if none are joined, 0 if no
        ID was heard with an address.
    longest_followed_s : float
        From first to last reception of the group that was followed for longest;
        whoever only hears one pair follows it while it lasts.
    receptions_without_address : int
        These tell nothing about the rule.
    """

    ids: int
    addresses: int
    pairs: int
    breaking_pairs: int
    addresses_of_several_ids: int
    ids_of_several_addresses: int
    most_ids_joined: int
    longest_followed_s: float
    receptions_without_address: int


class _Series(NamedTuple):
    """When something was heard, and how often."""

    first_ms: int
    last_ms: int
    n: int


def audit_linkability(
    receptions: Receptions, profile: DeploymentProfile = DEFAULT_PROFILE
) -> dict[str, Linkability]:
    """Find the pairs (address, ID) that break the one-to-one rule.

    Parameters
    ----------
    receptions : Receptions
        A recording of any device; what no scheme sent is left out.
    profile : DeploymentProfile
        Whose IDs are looked for.

    Returns
    -------
    dict of str to Linkability
        By name of scheme, all that are known.
    """
    heard: dict[str, dict[_Sent, _Series]] = {s.NAME: {} for s in KNOWN_SCHEMES}
    for broadcast, series in zip(
        receptions.broadcasts, _series(receptions), strict=True
    ):
        sent = _recognised(broadcast.data, profile)
        if sent is not None and series.n:
            rows = heard[sent.scheme]
            key = (broadcast.address, sent.ephemeral_id)
            rows[key] = _join(rows.get(key), series)
    return {scheme: _judge(rows) for scheme, rows in heard.items()}


def _recognised(data: bytes, profile: DeploymentProfile) -> Recognised | None:
    try:
        return recognise(data, profile)
    except FormatError:
        return None


def _series(receptions: Receptions) -> Iterator[_Series]:
    """Yield when each broadcast was heard, and how often."""
    size = len(receptions.broadcasts)
    n = np.bincount(receptions.broadcast, minlength=size)
    first_ms = np.full(size, MAX_T_MS, np.int64)
    last_ms = np.zeros(size, np.int64)
    np.minimum.at(first_ms, receptions.broadcast, receptions.t_ms)
    np.maximum.at(last_ms, receptions.broadcast, receptions.t_ms)
    yield from map(_Series, first_ms.tolist(), last_ms.tolist(), n.tolist())


def _join(one: _Series | None, other: _Series) -> _Series:
    if one is None:
        return other
    return _Series(
        min(one.first_ms, other.first_ms),
        max(one.last_ms, other.last_ms),
        one.n + other.n,
    )


def _judge(heard: Mapping[_Sent, _Series]) -> Linkability:
    pairs = {(a, i): series for (a, i), series in heard.items() if a is not None}
    ids_of = Counter(address for address, _ in pairs)
    addresses_of = Counter(ephemeral_id for _, ephemeral_id in pairs)
    group_of = _groups(pairs)
    groups: dict[bytes, _Series] = {}
    for (address, _), series in pairs.items():
        group = group_of[address]
        groups[group] = _join(groups.get(group), series)
    lengths_ms = [group.last_ms - group.first_ms for group in groups.values()]
    joined = Counter(group_of[ephemeral_id] for ephemeral_id in addresses_of)
    return Linkability(
        ids=len({ephemeral_id for _, ephemeral_id in heard}),
        addresses=len(ids_of),
        pairs=len(pairs),
        breaking_pairs=sum(ids_of[a] > 1 or addresses_of[i] > 1 for a, i in pairs),
        addresses_of_several_ids=sum(n > 1 for n in ids_of.values()),
        ids_of_several_addresses=sum(n > 1 for n in addresses_of.values()),
        most_ids_joined=max(joined.values(), default=0),
        longest_followed_s=max(lengths_ms, default=0) / MS_PER_S,
        receptions_without_address=sum(
            series.n for (address, _), series in heard.items() if address is None
        ),
    )


def _groups(pairs: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Give each address and ID the group that the pairs join it to.

    Addresses and IDs differ in length, so both may be names of one table.
    """
    parent: dict[bytes, bytes] = {}

    def root(name: bytes) -> bytes:
        while parent.setdefault(name, name) != name:
            parent[name] = name = parent[parent[name]]
        return name

    for address, ephemeral_id in pairs:
        parent[root(address)] = root(ephemeral_id)
    return {name: root(name) for name in list(parent)}
