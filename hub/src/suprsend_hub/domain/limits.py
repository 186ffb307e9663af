"""Every limit of the domain, with its value, unit and source.

They protect the store (what PostgreSQL can hold, what fits a row) and keep the cost of one edit bounded.
"""

from __future__ import annotations

from typing import Final

MAX_DISTINCT_ID_CHARS: Final = 255
"""Characters of a `distinct_id` after trimming; documented upstream. Object types and ids take the same."""

MAX_SLUG_CHARS: Final = 64
"""Characters of a list id or tenant id (`a-z 0-9 _ -`); documented upstream."""

MAX_KEY_CHARS: Final = 255
"""Characters of a top-level property key; ours: keys are shown, searched and logged."""

MAX_VALUE_DEPTH: Final = 64
"""Arrays and objects nested in one property value, the outermost counted; ours: far above any profile met, far
below what recursive readers (Python, PostgreSQL, browsers) can stand."""

MIN_INTEGER: Final = -(2**63)
MAX_INTEGER: Final = 2**63 - 1
"""Integers are signed 64 bit; ours: beyond, Go, Java and PostgreSQL's bigint readers fail or lose digits."""

MAX_OPERATIONS: Final = 1000
"""Op objects in one edit; ours. The official Python SDK cannot reach it: its events end at 10 240 bytes."""

MAX_IDENTITIES: Final = 100
"""Identities of one channel; ours: a person has few devices, and each append compares with all of them."""

MAX_PROPERTIES: Final = 512
"""Properties of one profile, language, locale and timezone included; ours."""

MAX_PROFILE_BYTES: Final = 256 * 1024
"""UTF-8 bytes of a profile in storage form: for every property and channel its key, colon, value and comma.
Ours: a profile is one database row, and documents of megabytes make each edit cost as much."""

MAX_COMPANION_CHARS: Final = 255
"""Characters of a device id or bundle id; ours: they are repeated on every identity of the op object."""

MAX_EMAIL_BYTES: Final = 254
MAX_EMAIL_LOCAL_BYTES: Final = 64
"""UTF-8 bytes of an e-mail address in its stored form, and of its part before the `@`; what SMTP can carry."""

MAX_PHONE_TEXT_CHARS: Final = 100
"""Characters of a phone number as given, with separators; ours: 15 digits need far fewer."""

MAX_SEARCHED_CHARS: Final = 512
"""Characters of a searched e-mail address or phone number, with a name around it; ours."""

MAX_REFUSED_BYTES: Final = 8 * 1024
"""UTF-8 bytes of the part of an edit kept with a refusal; ours: the log of refusals is for reading, not for storage."""

MAX_REFUSALS: Final = 100
"""Refusals listed for one edit; ours: of a hostile edit with thousands, the rest is counted in one more entry."""

MAX_REPORTED_OF_EVENT: Final = 10
MAX_REPORTED_IN_ANSWER: Final = 500
"""Refusals listed for one event, and for all events of a request, in the answer to a sender that asks for them; ours:
the rest is counted, so the answer stays far smaller than the request."""

MAX_EDIT_WORK: Final = 1024 * 1024
"""Units of work of one edit, beyond reading what was sent: about bytes of stored arrays that are searched. Ours: a
thousand removals from an array of 200 KiB would hold up everybody else for half a minute. One `$remove` with an array
of values searches once."""

SURE_WORK: Final = MAX_PROFILE_BYTES
"""Units of work that every edit may do, however many are sent in one request: to search
an array of up to 32,768 elements once."""

MAX_REQUEST_WORK: Final = 64 * 1024 * 1024
"""Units of work of the edits of one request together, shared evenly among them; ours: about three seconds."""

MAX_SUBSCRIPTION_BYTES: Final = 16 * 1024
"""UTF-8 bytes of JSON of a subscription's properties; ours: one call stores and answers them for 100 recipients."""

MAX_PAGE_BYTES: Final = 4 * 1024 * 1024
"""UTF-8 bytes of stored JSON on a page, after which it ends, though never before its first record; ours: a page is
built in memory, and a thousand of the largest profiles would take 256 MiB."""

MAX_LISTS: Final = 10_000
"""Subscriber lists of a workspace; ours: the published page of lists counts and skips them all."""

MAX_DRAFTS: Final = 10
"""Drafts of one list; ours: several syncs may run at once, but each that is never finished keeps its members."""

MAX_OBJECT_TYPES: Final = 1000
"""Types of objects in a workspace; ours: each has counters, and the console lists them."""

MAX_LOGGED_REFUSALS: Final = 10
"""Entries in the log of rejected records for one edit; ours: the last one counts the rest. A hundred small operations
would otherwise write a hundred rows."""

MAX_LOGGED_BYTES: Final = 4 * 1024
"""UTF-8 bytes of a rejected record or operation in the log; ours: what is longer is cut."""

MAX_TENANT_NAME_CHARS: Final = 255
"""Characters of a tenant's name; ours."""

MAX_TENANT_TEXT_CHARS: Final = 2048
"""Characters of any other text of a tenant, such as a URL; ours."""

MAX_TENANT_BYTES: Final = 64 * 1024
"""UTF-8 bytes of a tenant's fields and properties in storage form; ours: they are read for every tenant of a page."""

MAX_CATEGORIES: Final = 1000
"""Preference categories, and sections, of a workspace; ours: a full preference answer lists them all."""

MAX_CATEGORY_CHARS: Final = 255
"""Characters of a category's slug, of a tag, and of the name of a section or category; ours."""

MAX_DESCRIPTION_CHARS: Final = 1024
"""Characters of the description of a section or category; ours, as for lists."""

MAX_TAGS: Final = 100
"""Tags of a section or category, and elements of any list of channels, of a list property and of a tag filter; ours:
each category lists its section's tags as well as its own."""

MAX_DIGEST_OPTIONS: Final = 50
"""Digest options of a category, and its properties; ours: a person chooses from a menu of them."""

MAX_LOCALES: Final = 200
"""Locales with translations of a workspace's categories; ours: more than there are national languages."""

MAX_BULK_CHOICES: Final = 20_000
"""Users times operations of one bulk request about preferences; ours: each is written, and recorded in the history."""

MAX_TAG_FILTER_DEPTH: Final = 16
"""Nesting of a tag filter; ours: far above any filter that a person writes."""

MAX_MISTAKES: Final = 100
"""Mistakes named in the answer to one document; ours: the rest is counted in one more line."""
