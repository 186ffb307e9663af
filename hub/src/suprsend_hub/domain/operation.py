"""Operations on profiles: the fold and the bodies that carry operations, under one import."""

from .bodies import check_patch, upsert_operations
from .fold import FoldResult, Refusal, fold
from .masking import mask_secrets

__all__ = [
    "FoldResult",
    "Refusal",
    "check_patch",
    "fold",
    "mask_secrets",
    "upsert_operations",
]
