"""What a recipient chose for one tenant: a document that holds nothing else, and the operations that change it.

`apply` is total and deterministic. An operation sets what it names to a value of its own, whatever was there. So
applying it twice equals once, and operations on different categories commute. Operations have a JSON form, in which the
history can record them like the operations of profiles.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from .digest import DigestChoice
from .preference_terms import Channel, Preference, ordered
from .wire import Json


class CategoryChoice(msgspec.Struct, frozen=True, omit_defaults=True):
    """The choice for one category. None means not chosen; an empty list of channels was chosen.

    At most one list of channels is given, and only with `opt_in`. `properties` holds values by key.
    """

    preference: Preference | None = None
    opt_in_channels: tuple[Channel, ...] | None = None
    opt_out_channels: tuple[Channel, ...] | None = None
    digest_schedule: DigestChoice | None = None
    properties: dict[str, Any] = {}


class Choices(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything a recipient chose, by category and by channel. Treat the dicts as read-only."""

    categories: dict[str, CategoryChoice] = {}
    restricted: dict[Channel, bool] = {}


NO_CHOICES: Final = Choices()
NO_CHOICE: Final = CategoryChoice()


class SetCategory(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="op", tag="set_category"):
    """Choose for one category.

    A given `preference` replaces the earlier one with its channels; without it both stay. `digest_schedule` and
    `properties` are unchanged if unset, and None returns to the defaults. Properties change key by key; the value None
    returns to the default of that key.
    """

    category: str
    preference: Preference | None = None
    opt_in_channels: tuple[Channel, ...] | None = None
    opt_out_channels: tuple[Channel, ...] | None = None
    digest_schedule: DigestChoice | UnsetType | None = UNSET
    properties: dict[str, Any] | UnsetType | None = UNSET


class RestrictChannels(msgspec.Struct, frozen=True, tag_field="op", tag="restrict_channels"):
    """Restrict channels to mandatory notifications, or lift the restriction; channels that are not named stay."""

    restricted: dict[Channel, bool]


class Reset(msgspec.Struct, frozen=True, tag_field="op", tag="reset"):
    """Forget all choices for categories, for channels, or both."""

    categories: bool = True
    channels: bool = True


Operation: TypeAlias = SetCategory | RestrictChannels | Reset


def apply(choices: Choices, operation: Operation) -> Choices:
    """Return the choices after an operation. A category for which nothing is chosen any more has no entry."""
    return apply_all(choices, (operation,))


def apply_all(choices: Choices, operations: Iterable[Operation]) -> Choices:
    """Return the choices after operations in order, in time that grows with their number alone."""
    categories, restricted = dict(choices.categories), dict(choices.restricted)
    for operation in operations:
        if isinstance(operation, SetCategory):
            choice = _chosen(categories.pop(operation.category, NO_CHOICE), operation)
            if choice != NO_CHOICE:
                categories[operation.category] = choice
        elif isinstance(operation, RestrictChannels):
            restricted |= operation.restricted
        else:
            categories = {} if operation.categories else categories
            restricted = {} if operation.channels else restricted
    return Choices(categories, restricted)


def merge(primary: Choices, secondary: Choices) -> Choices:
    """Return the choices of two recipients that become one: the primary's win, by category and by channel."""
    return Choices(secondary.categories | primary.categories, secondary.restricted | primary.restricted)


def _chosen(choice: CategoryChoice, operation: SetCategory) -> CategoryChoice:
    preference = choice.preference if operation.preference is None else operation.preference
    opt_in, opt_out = choice.opt_in_channels, choice.opt_out_channels
    if operation.preference is not None:
        opt_in, opt_out = operation.opt_in_channels, operation.opt_out_channels
    if preference is not Preference.OPT_IN:
        opt_in = opt_out = None
    return CategoryChoice(
        preference=preference,
        opt_in_channels=None if opt_in is None or opt_out is not None else ordered(opt_in),
        opt_out_channels=None if opt_out is None else ordered(opt_out),
        digest_schedule=choice.digest_schedule if operation.digest_schedule is UNSET else operation.digest_schedule,
        properties=_properties(choice.properties, operation.properties),
    )


def _properties(chosen: dict[str, Json], given: Mapping[str, Json] | UnsetType | None) -> dict[str, Json]:
    if isinstance(given, UnsetType):
        return chosen
    if given is None:
        return {}
    return {key: value for key, value in {**chosen, **given}.items() if value is not None}


_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_decode: Final = msgspec.json.Decoder(Choices).decode
_decode_plain: Final = msgspec.json.Decoder(dict[str, Any]).decode


def encode(choices: Choices) -> str:
    """Return the choices in storage form; equal choices have equal texts."""
    return _encode(choices).decode()


def decode(text: str | bytes) -> Choices:
    """Return the choices from their storage form.

    Raises:
        msgspec.DecodeError, msgspec.ValidationError: `encode` did not write this text (a damaged row).
    """
    return _decode(text)


def of_text(text: str | None) -> Choices:
    """Return the choices of a profile, whose storage form is None if nothing is chosen."""
    return NO_CHOICES if text is None else decode(text)


def to_text(choices: Choices) -> str | None:
    """Return choices as a profile keeps them; the inverse of `of_text`."""
    return None if choices == NO_CHOICES else encode(choices)


def choices_to_json(choices: Choices) -> dict[str, Json]:
    """Return choices as plain JSON, equal to their storage form."""
    plain: dict[str, Json] = _decode_plain(_encode(choices))
    return plain


def choice_to_json(choice: CategoryChoice) -> dict[str, Json]:
    """Return the choice for one category as plain JSON; what is not chosen is absent."""
    plain: dict[str, Json] = msgspec.to_builtins(choice)
    return plain


def operation_to_json(operation: Operation) -> dict[str, Json]:
    """Return an operation as the history records it."""
    plain: dict[str, Json] = msgspec.to_builtins(operation, order="deterministic")
    return plain


def operation_from_json(value: Json) -> Operation:
    """Return an operation from the form in which the history records it.

    Raises:
        msgspec.ValidationError: `operation_to_json` did not make this value.
    """
    operation: Operation = msgspec.convert(value, Operation)
    return operation
