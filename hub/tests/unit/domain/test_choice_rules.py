"""What recipients may choose and tenants may set; `test_preference_vectors` has the refusals of the contract."""

from __future__ import annotations

from hypothesis import given
from suprsend_hub.domain.categories import Category, CategoryDocument, Section
from suprsend_hub.domain.choice_rules import check_operation, check_operations, check_override, unknown_categories
from suprsend_hub.domain.choices import NO_CHOICES, Reset, RestrictChannels, SetCategory, apply
from suprsend_hub.domain.digest import DigestChoice
from suprsend_hub.domain.evaluation import evaluate
from suprsend_hub.domain.preference_terms import Channel, Preference, RootCategory
from suprsend_hub.domain.tenant_categories import NO_OVERRIDE, NO_OVERRIDES, CategoryOverride, SetOverride

from ...preference_strategies import categories, set_categories, tenants  # noqa: TID252 - the absolute name depends on where pytest starts

IN, OUT, FORCED = Preference
ALERTS = Category(
    "alerts",
    "Alerts",
    FORCED,
    default_mandatory_channels=(Channel.EMAIL,),
    properties=[{"key": "n", "value_type": "integer", "edit_policy": "locked"}],
)
DOCUMENT = CategoryDocument({RootCategory.SYSTEM: (Section(categories=(ALERTS,)),)})
PLACED = DOCUMENT.find("alerts")


def test_paths_are_those_of_the_body():
    """In a full update each category has its position among the categories; alone, a category has no prefix."""
    operations = [
        RestrictChannels({Channel.SMS: True}),
        SetCategory("alerts", IN),
        SetCategory("gone", OUT),
        SetCategory("alerts", OUT),
        Reset(),
    ]
    assert [mistake.path for mistake in check_operations(operations, DOCUMENT, NO_OVERRIDES)] == [
        "categories[2].preference"
    ]
    assert [mistake.path for mistake in check_operation(operations[3], PLACED, NO_OVERRIDE)] == ["preference"]
    assert unknown_categories([*operations, operations[2]], DOCUMENT) == ["gone"]


def test_returning_to_the_defaults_is_always_allowed():
    operation = SetCategory("alerts", digest_schedule=None, properties=None)
    assert check_operation(operation, PLACED, NO_OVERRIDE) == []


def test_the_tenants_digest_options_count():
    """A tenant that offers other options takes the place of the category's."""
    override = CategoryOverride(digest_schedule={"options": [{"id": "hourly", "frequency": "hourly"}]})
    operation = SetCategory("alerts", digest_schedule=DigestChoice("hourly"))
    assert check_operation(operation, PLACED, override) == []
    assert check_operation(operation, PLACED, NO_OVERRIDE) != []


def test_a_tenant_may_set_locked_properties_of_the_right_type():
    assert check_override(SetOverride("alerts", properties={"n": 5}), PLACED) == []
    assert check_override(SetOverride("alerts", properties=None), PLACED) == []
    assert check_override(SetOverride("alerts"), PLACED) == []
    [mistake] = check_override(SetOverride("alerts", properties={"n": "5"}), PLACED)
    assert str(mistake) == "properties.n: must be an integer"


@given(categories, tenants, set_categories)
def test_what_is_allowed_takes_effect(category, tenant, operation):
    """A preference that passes the check is in force afterwards, unless the tenant disables the category."""
    document = CategoryDocument({RootCategory.SYSTEM: (Section(categories=(category,)),)})
    override = tenant.find(category.category)
    placed = document.find(category.category)
    if operation.category != category.category or operation.preference not in (IN, OUT):
        return
    if not override.enabled_for_tenant or check_operation(operation, placed, override):
        return
    assert evaluate(category, override, apply(NO_CHOICES, operation)).preference is operation.preference
