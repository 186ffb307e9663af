"""Operations on profiles: the fold and the bodies that carry operations, under one import."""

from .bodies import check_patch, check_property_value, upsert_operations
from .fold import fold
from .masking import mask_secrets
from .refusal import FoldResult, Refusal

__all__ = [
    "FoldResult",
    "Refusal",
    "check_patch",
    "check_property_value",
    "fold",
    "mask_secrets",
    "upsert_operations",
]
