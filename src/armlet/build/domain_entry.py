"""What a build says of its inputs: the domain in a few figures, and who declared it."""

import msgspec

from armlet.network.domain import InputDomain


class DomainEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the raw inputs may be, and who said so; network.toml beside has it input by input."""

    origin: str  # declared, implied by mean and std, or undeclared: then nothing was concluded from an interval
    low: float | None  # the least and the largest value that any input may have; null where undeclared
    high: float | None
    normalised: bool  # whether mean and std were folded into the first layer
    text: str  # for people


def domain_entry(domain: InputDomain) -> DomainEntry:
    """What the manifest says of a domain."""
    ends = (float(domain.low.min()), float(domain.high.max())) if domain.is_declared else (None, None)
    return DomainEntry(domain.origin.value, *ends, not domain.is_normalised, domain.describe())
