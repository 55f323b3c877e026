"""Regions and zones of the embedded cloud: the public ones where TPUs are offered, and their neighbours."""

from __future__ import annotations

_ZONE_SUFFIXES = {
    "asia-east1": "a b c",
    "asia-northeast1": "a b c",
    "asia-south1": "a b c",
    "asia-southeast1": "a b c",
    "europe-north1": "a b c",
    "europe-west1": "b c d",
    "europe-west2": "a b c",
    "europe-west4": "a b c",
    "southamerica-east1": "a b c",
    "southamerica-west1": "a b c",
    "us-central1": "a b c f ai1 ai1a",
    "us-central2": "b",
    "us-east1": "b c d",
    "us-east4": "a b c",
    "us-east5": "a b c",
    "us-south1": "a b c ai1b",
    "us-west1": "a b c",
    "us-west4": "a b c",
}


def regions() -> tuple[str, ...]:
    """Every region, sorted."""
    return tuple(_ZONE_SUFFIXES)


def zones(region: str) -> tuple[str, ...]:
    """The zones of a region, its AI zones last; () when there is no such region."""
    return tuple(f"{region}-{suffix}" for suffix in _ZONE_SUFFIXES.get(region, "").split())


def all_zones() -> tuple[str, ...]:
    """Every zone of every region."""
    return tuple(zone for region in regions() for zone in zones(region))


def region_of(location: str) -> str:
    """The region a zone lies in; a region is its own."""
    return location if location in _ZONE_SUFFIXES else location.rpartition("-")[0]


def is_zone(location: str) -> bool:
    """Whether the location is one of the zones."""
    return location in zones(region_of(location))


def exists(location: str) -> bool:
    """Whether the location is a region or a zone."""
    return location in _ZONE_SUFFIXES or is_zone(location)


def default_zones(location: str) -> tuple[str, ...]:
    """Where GKE puts nodes when no zones are named: the zone itself, or three zones of the region."""
    return (location,) if is_zone(location) else zones(location)[:3]
