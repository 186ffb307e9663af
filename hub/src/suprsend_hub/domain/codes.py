"""Every error code of the hub: its kind, what it means and what to do about it.

A code stays the same when the wording of its message changes. Errors and refusals use members of `Code`, from which
`make error-codes` generates the enumeration in the OpenAPI document and `docs/reference/error-codes.md`. The API
assigns the statuses.
"""

from __future__ import annotations

import enum
from typing import Self


class Kind(enum.Enum):
    """Kind of error that a code belongs to; each error class of `errors` has one kind."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    WRONG_METHOD = "wrong_method"
    TIMED_OUT = "timed_out"
    CONFLICT = "conflict"
    UNPROCESSABLE = "unprocessable"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    UNEXPECTED = "unexpected"
    UNAVAILABLE = "unavailable"


class Place(enum.Enum):
    """Where users first see a code."""

    ANSWER = "answer"
    """Answers of the API. Codes of single operations are in the log of rejected records as well."""
    LOG = "log"
    """Only in the log of rejected records: a part of an edit was ignored, as documented, and the rest was applied."""
    OPERATOR = "operator"
    """The console and the command line, which show the message; the code is for logs and tests."""


_INVALID = Kind.INVALID
_NOT_FOUND = Kind.NOT_FOUND
_CONFLICT = Kind.CONFLICT
_UNAVAILABLE = Kind.UNAVAILABLE
_LOG = Place.LOG
_OPERATOR = Place.OPERATOR


class Code(enum.StrEnum):
    """A stable name of a cause. The text is sent to clients; the member's name is the same in capitals."""

    kind: Kind
    meaning: str
    remedy: str
    place: Place

    def __new__(cls, text: str, kind: Kind, meaning: str, remedy: str, place: Place = Place.ANSWER) -> Self:
        """Create a member that equals its text, with its entry in the reference."""
        member = str.__new__(cls, text)
        member._value_ = text
        member.kind, member.meaning, member.remedy, member.place = kind, meaning, remedy, place
        return member

    # fmt: off
    # Requests as a whole ----------------------------------------------------------------------------------------------
    INVALID_REQUEST = ("invalid_request", _INVALID, "The server cannot accept the request as it was sent.",
        "Correct what the message names.")
    INVALID_JSON = ("invalid_json", _INVALID, "The body is not JSON, or not UTF-8.",
        "Send valid JSON in UTF-8. The message says where reading stopped.")
    TOO_DEEP = ("too_deep", _INVALID, "The body nests arrays and objects too deeply to be read.", "Flatten the value.")
    INCOMPLETE_BODY = ("incomplete_body", _INVALID, "The connection ended before the body did. Nothing was applied.",
        "Send the request again.")
    INVALID_BODY = ("invalid_body", _INVALID, "The body has the wrong shape.",
        "Send the object that the message describes.")
    EMPTY_BODY = ("empty_body", _INVALID, "An edit came without `operations`.",
        'Send `{"operations": [...]}`. An empty array is a valid edit that changes nothing.')
    INVALID_PATH = ("invalid_path", _INVALID, "A segment of the path is not UTF-8.", "Percent-encode ids as UTF-8.")
    INVALID_IDEMPOTENCY_KEY = ("invalid_idempotency_key", _INVALID,
        "The `Idempotency-Key` header is blank or too long.",
        "Send 1 to 255 characters, for example a UUID.")
    IDEMPOTENCY_KEY_REUSED = ("idempotency_key_reused", Kind.UNPROCESSABLE,
        "The `Idempotency-Key` belongs to an earlier request with another method, path or body. Nothing was applied.",
        "Send a new key with each new request, and the same key only with the same request.")
    WRONG_HOST = ("wrong_host", _INVALID, "The hub is not served under the host name in the `Host` header.",
        "Use a host name that the message lists, or add yours to `SUPRSEND_HUB_ALLOWED_HOSTS`.")
    UNAUTHORIZED = ("unauthorized", Kind.UNAUTHENTICATED,
        "Credentials are missing or cannot be verified. The answer is the same for every cause.",
        "Check the workspace key, the workspace secret or the API key, and the base URL that was signed.")
    DATE_OUT_OF_RANGE = ("date_out_of_range", Kind.UNAUTHENTICATED,
        "The signature is valid, but the `Date` is further from the hub's clock than the workspace allows.",
        "Correct the clock, and sign each request when it is sent. `suprsend-hub workspace clock-skew` sets the limit.")
    WORKSPACE_DISABLED = ("workspace_disabled", Kind.FORBIDDEN,
        "The credentials are valid, but the operator has disabled the workspace.",
        "Ask the operator to enable it with `suprsend-hub workspace enable`.")
    MISSING_SCOPE = ("missing_scope", Kind.FORBIDDEN,
        "The credentials are valid but lack the scope that the route needs.",
        "Use an API key with that scope. Grant it with `suprsend-hub key scopes`.")
    NO_SUCH_PATH = ("no_such_path", _NOT_FOUND, "No route matches the path.",
        "Check the path. Ids with `/` must be percent-encoded.")
    METHOD_NOT_ALLOWED = ("method_not_allowed", Kind.WRONG_METHOD, "The path exists but does not accept this method.",
        "Use a method that the `Allow` header names.")
    REQUEST_TIMEOUT = ("request_timeout", Kind.TIMED_OUT, "The body did not arrive in time. Nothing was applied.",
        "Send the request again, with fewer records if the connection is slow.")
    BODY_TOO_LARGE = ("body_too_large", Kind.TOO_LARGE,
        "The body is larger than its path accepts. Nothing was applied.",
        "Send fewer records in one request.")

    # Pages and searches -----------------------------------------------------------------------------------------------
    INVALID_CURSOR = ("invalid_cursor", _INVALID, "`after` or `before` is not a cursor of this list.",
        "Use a cursor from `meta` of another page of the same list.")
    INVALID_SINCE = ("invalid_since", _INVALID, "`since` is not a date or time.",
        "Send ISO 8601, such as 2026-01-31 or 2026-01-31T08:00:00Z.")
    INVALID_SORT = ("invalid_sort", _INVALID, "`sort` is unknown.", "Send `id` or `-id`.")
    INVALID_SEARCH = ("invalid_search", _INVALID, "`search` is too long, or contains NUL.",
        "Send at most 255 characters.")

    # Ids --------------------------------------------------------------------------------------------------------------
    INVALID_ID = ("invalid_id", _INVALID,
        "A `distinct_id`, object type, object id, list id or tenant id is not allowed.",
        "Correct the id as the message says.")
    INVALID_INSERT_ID = ("invalid_insert_id", _INVALID, "`$insert_id` is not a string, is blank or is too long.",
        "Send 1 to 255 characters, for example a UUID.")
    MISSING_IDS = ("missing_ids", _INVALID, 'A bulk deletion has no ids. It never means "all".',
        "Send the ids as a list.")
    TOO_MANY_IDS = ("too_many_ids", _INVALID, "A bulk deletion has too many ids for one request.",
        "Send the rest in another request.")
    INVALID_DISTINCT_IDS = ("invalid_distinct_ids", _INVALID, "`distinct_ids` is not a list.",
        'Send `{"distinct_ids": [...]}`.')

    # Users, objects, tenants ------------------------------------------------------------------------------------------
    USER_NOT_FOUND = ("user_not_found", _NOT_FOUND, "The workspace has no user with this `distinct_id`.",
        "Create the user, or check the id and whose workspace the credentials belong to.")
    OBJECT_NOT_FOUND = ("object_not_found", _NOT_FOUND, "The workspace has no object with this type and id.",
        "Create the object, or check the type, the id and whose workspace the credentials belong to.")
    INVALID_AFTER_MERGE = ("invalid_after_merge", _INVALID, "The setting `after_merge` has an unknown value.",
        "Send `recreate` or `alias`.")
    SELF_MERGE = ("self_merge", _INVALID, "A user cannot be merged into itself, or renamed to its own id.",
        "Name two different ids.")
    NOT_MERGED = ("not_merged", _NOT_FOUND, "The user was not merged into this one, or that merge was taken back.",
        "Check both ids; `detail` may say into whom the user was merged.")
    UNMERGE_TOO_LATE = ("unmerge_too_late", _CONFLICT,
        "The merge cannot be taken back any more: its history is gone, or a later merge is in the way.",
        "Take back later merges first. After the history's retention, correct the users by hand.")
    TENANTS_DIFFER = ("tenants_differ", _CONFLICT,
        "Two users are linked with different tenants, and the workspace allows one (exclusive mode).",
        "Unlink one of the users from its tenant, then merge them.")
    USER_EXISTS = ("user_exists", _CONFLICT, "The id that the request needs belongs to a user.",
        "Choose another id, or merge the two users.")
    ID_IS_ALIAS = ("id_is_alias", _CONFLICT, "The new id leads to another user, who had it before.",
        "Choose another id.")
    TENANT_NOT_FOUND = ("tenant_not_found", _NOT_FOUND, "The workspace has no tenant with this id.",
        "Create the tenant first, or correct the id.")
    TENANT_PROFILE_NOT_FOUND = ("tenant_profile_not_found", _NOT_FOUND,
        "The user has no profile for this tenant, so there is nothing to unlink.",
        "Nothing; the user is not linked with the tenant.")

    # Events -----------------------------------------------------------------------------------------------------------
    INVALID_EVENT = ("invalid_event", _INVALID, "An event is not an object, or has no operations.",
        "Send an object with `distinct_id` and `$user_operations`.")
    TRACK_EVENT = ("track_event", _INVALID, "The event is a track event. The hub accepts identity events only.",
        "Do not send track events to the hub.")
    WRONG_ENV = ("wrong_env", _INVALID, "`env` names a different workspace than the credentials.",
        "Send the key or uid of the workspace that signs.")
    TOO_MANY_EVENTS = ("too_many_events", _INVALID, "A request has too many events.",
        "Send the rest in another request.")
    EVENT_TOO_LARGE = ("event_too_large", Kind.TOO_LARGE, "An event is too large.",
        "Send less data in one event, or split it into several events.")

    # Operations: answered by synchronous edits, in the log of rejected records for events -----------------------------
    INVALID_OPERATIONS = ("invalid_operations", _INVALID, "The operations are not an array.",
        "Send an array of operation objects.")
    INVALID_OPERATION = ("invalid_operation", _INVALID, "An operation is not an object.",
        'Send objects such as `{"$set": {...}}`.')
    TOO_MANY_OPERATIONS = ("too_many_operations", _INVALID, "An edit has too many operations.",
        "Send the rest in another edit.")
    UNKNOWN_OPERATOR = ("unknown_operator", _INVALID, "An operation has an unknown operator.",
        "Use an operator that the message lists.")
    INVALID_OPERAND = ("invalid_operand", _INVALID, "The operand of an operator has the wrong type.",
        "Send an array of keys with `$unset`, and an object with every other operator.")
    INVALID_KEY = ("invalid_key", _INVALID, "A property key is blank, too long or not a string.",
        "Use a key of 1 to 255 characters.")
    READ_ONLY_KEY = ("read_only_key", _INVALID,
        "An upsert contains `distinct_id`, `properties`, `created_at` or `updated_at`, keys of the profile itself.",
        "Send the properties next to the channels, without these keys.")
    INVALID_VALUE = ("invalid_value", _INVALID, "A value has the wrong type for its key, or cannot be stored.",
        "Send the type that the message names.")
    INVALID_TEXT = ("invalid_text", _INVALID, "A text contains NUL or a lone surrogate, which cannot be stored.",
        "Remove the character.")
    VALUE_TOO_DEEP = ("value_too_deep", _INVALID, "A property value nests arrays and objects too deeply.",
        "Flatten the value.")
    NUMBER_OUT_OF_RANGE = ("number_out_of_range", _INVALID,
        "A number or a sum does not fit in 64 bits, or is not finite.",
        "Send a smaller number, or a string.")
    NOT_A_NUMBER = ("not_a_number", _INVALID, "The operand of `$add` or the stored value is not a number.",
        "Send a number. If the stored value is not a number, set the property to one first.")
    INVALID_LANGUAGE = ("invalid_language", _INVALID, "A language or locale is not a language tag.",
        "Send a tag such as `en` or `en_GB`.")
    INVALID_TIMEZONE = ("invalid_timezone", _INVALID, "The timezone is unknown.",
        "Send an IANA name such as `Europe/Berlin`.")
    INVALID_CHANNEL_VALUE = ("invalid_channel_value", _INVALID, "An address is not valid for its channel.",
        "Send an address as the message describes it.")
    INVALID_PROVIDER = ("invalid_provider", _INVALID, "The provider of a push token is unknown for its channel.",
        "Send a provider that the message names.")
    INVALID_COMPANION = ("invalid_companion", _INVALID,
        "`$id_provider`, `$device_id` or `$bundle_id` is not a string, or is too long.",
        "Send a string of at most 255 characters, or null.")
    IDENTITY_NOT_FOUND = ("identity_not_found", _INVALID, "A report of a delivery is about an address that nobody has.",
        "Nothing: the address was removed, or belongs to a user or channel that the report does not name.")
    TOO_MANY_IDENTITIES = ("too_many_identities", _INVALID,
        "A channel of the profile has the maximum number of identities.",
        "Remove identities that you no longer use.")
    TOO_MANY_PROPERTIES = ("too_many_properties", _INVALID, "The profile has the maximum number of properties.",
        "Unset properties, or keep several values in one object.")
    PROFILE_TOO_LARGE = ("profile_too_large", _INVALID, "The profile would become too large.",
        "Store less data in the profile.")
    EDIT_TOO_COSTLY = ("edit_too_costly", _INVALID,
        "An edit searches long arrays or channels too often, or a request has too many such edits.",
        "Remove all values with one `$remove` that has an array of values, and send fewer such edits in one request.")
    CHANNEL_KEY = ("channel_key", _INVALID, "`$set`, `$set_once` or `$add` named a channel. That part was ignored.",
        "Use `$append`, `$remove` or `$unset` with channels.", _LOG)
    INBOX_KEY = ("inbox_key", _INVALID, "An operation named `$inbox`, which belongs to the hub. That part was ignored.",
        "Omit it.", _LOG)
    RESERVED_KEY = ("reserved_key", _INVALID,
        "An operation named a reserved key, which begins with `$` or `ss_`. That part was ignored.",
        "Choose another key.", _LOG)
    NOT_A_LIST = ("not_a_list", _INVALID,
        "`$append` or `$remove` named language, locale or timezone. That part was ignored.",
        "Use `$set`, `$set_once` or `$unset` with them.", _LOG)
    MORE_REFUSALS = ("more_refusals", _INVALID, "More parts of one edit were rejected than the log lists.",
        "Correct the listed parts, then send the edit again.", _LOG)

    # Subscriptions ----------------------------------------------------------------------------------------------------
    INVALID_RECIPIENTS = ("invalid_recipients", _INVALID, "`recipients` is not a list of ids and objects.",
        "Send a `distinct_id`, or an object with `distinct_id` or with `object_type` and `id`, for each.")
    TOO_MANY_RECIPIENTS = ("too_many_recipients", _INVALID, "A request has too many recipients.",
        "Send the rest in another request.")
    INVALID_PROPERTIES = ("invalid_properties", _INVALID,
        "Properties are not an object, or one of them cannot be stored.",
        "Correct the key that the message names.")
    PROPERTIES_TOO_LARGE = ("properties_too_large", _INVALID, "The properties of a subscription are too large.",
        "Store less with the subscription. Large values belong to the properties of the user or object.")
    TOO_MANY_OBJECT_TYPES = ("too_many_object_types", _INVALID, "The workspace has too many object types.",
        "Use few types with many objects. Names of single things belong to the object id.")
    SELF_SUBSCRIPTION = ("self_subscription", _INVALID, "The request subscribes an object to itself.",
        "Remove it from `recipients`.")
    SUBSCRIPTION_CYCLE = ("subscription_cycle", _INVALID,
        "Objects would be subscribed to each other in a cycle.",
        "Subscribe in one direction only.")
    NESTED_TOO_DEEPLY = ("nested_too_deeply", _INVALID,
        "A chain of objects that are subscribed to objects would be too long.",
        "Subscribe the object to a parent at a higher level.")

    # Preferences ------------------------------------------------------------------------------------------------------
    CATEGORY_NOT_FOUND = ("category_not_found", _NOT_FOUND,
        "The workspace has no preference category with this slug among those in force.",
        "Check the slug, or commit categories that have it.")
    PREFERENCE_NOT_EDITABLE = ("preference_not_editable", _INVALID,
        "The category does not allow this choice: it is mandatory, or what was chosen is not one of its options.",
        "Choose something else where `detail` says so.")
    INVALID_CATEGORIES = ("invalid_categories", _INVALID,
        "A category document or its translations are wrong, or a commit would remove categories with choices.",
        "Correct what `detail` names. To remove categories all the same, commit with `force=true`.")

    # Lists ------------------------------------------------------------------------------------------------------------
    ERROR = ("error", _INVALID,
        "A field of a subscriber list or tenant is wrong. The hosted service uses the same code.",
        "Correct the field that `detail` names.")
    LIST_IS_READONLY = ("list_is_readonly", _INVALID,
        "The list `all_users` cannot be changed, because it always contains every user.",
        "Use another list.")
    LIST_NOT_FOUND = ("list_not_found", _NOT_FOUND, "The workspace has no list with this id.",
        "Create the list, or check the id.")
    TOO_MANY_LISTS = ("too_many_lists", _INVALID, "The workspace has too many subscriber lists.",
        "Delete lists that are no longer needed, or add users to an existing one.")
    TOO_MANY_DRAFTS = ("too_many_drafts", _INVALID,
        "The list has too many drafts that were neither finished nor deleted.",
        "Finish or delete one of the drafts that the list shows under `drafts`.")
    LIST_VERSION_NOT_FOUND = ("list_version_not_found", _NOT_FOUND, "The list has no draft with this version id.",
        "Start a sync again. A draft ends when it is finished or deleted.")

    # Tenants ----------------------------------------------------------------------------------------------------------
    TIED_TO_ANOTHER_TENANT = ("tied_to_another_tenant", _INVALID,
        "The workspace is in exclusive mode, and the user is linked with another tenant.",
        "Unlink the user from the other tenant first, or set the workspace to shared mode.")
    TENANT_TOO_LARGE = ("tenant_too_large", _INVALID, "A tenant's fields and properties are too large together.",
        "Store less in its properties. The message says how large the tenant would be.")
    TENANT_IS_PERMANENT = ("tenant_is_permanent", _INVALID,
        "The tenant `default` cannot be deleted, because every workspace has it.", "Delete another tenant.")

    # The hub itself ---------------------------------------------------------------------------------------------------
    RATE_LIMITED = ("rate_limited", Kind.RATE_LIMITED,
        "The workspace has exceeded its rate limit. Nothing was applied.",
        "Wait for the seconds in `Retry-After`, then send the request again.")
    INTERNAL_ERROR = ("internal_error", Kind.UNEXPECTED,
        "The hub failed unexpectedly: it has a defect, or a stored record is damaged.",
        "Find the request's `X-Request-Id` in the hub's log, and run `suprsend-hub db check`.")
    OVERLOADED = ("overloaded", _UNAVAILABLE,
        "Edits arrive faster than the database can write them. Nothing was applied.",
        "Wait for the seconds in `Retry-After`, then send more slowly.")
    STOPPING = ("stopping", _UNAVAILABLE, "This hub process is stopping. Nothing was applied.",
        "Send the request again.")
    COLLISION = ("collision", _UNAVAILABLE,
        "Concurrent changes of the same records collided repeatedly. Nothing was applied.",
        "Send the request again.")
    DATABASE_UNAVAILABLE = ("database_unavailable", _UNAVAILABLE,
        "The database does not answer. The request may or may not have been applied.",
        "Send the request again with the same `$insert_id` or `Idempotency-Key`.")
    DATABASE_READ_ONLY = ("database_read_only", _UNAVAILABLE,
        "The database answers but cannot write, for example because its disk is full.",
        "Free disk space or restore write access, then send the request again.")
    DATABASE_MISCONFIGURED = ("database_misconfigured", _UNAVAILABLE,
        "The database rejects the hub, or is not one that the hub can use. The hub's log has the reason.",
        "The operator has to change something, such as a password or a privilege. Then send the request again.")
    WRONG_MASTER_KEY = ("wrong_master_key", _UNAVAILABLE,
        "The hub's master key does not decrypt the workspace secret, so no signature can be verified.",
        "The operator has to set the right master key. Then send the request again.")

    # The console ------------------------------------------------------------------------------------------------------
    SIGN_IN_NEEDED = ("sign_in_needed", Kind.UNAUTHENTICATED, "You are not signed in.", "Sign in.", _OPERATOR)
    WRONG_PASSWORD = ("wrong_password", Kind.UNAUTHENTICATED, "The name or the password is wrong.",
        "Try again, or set a new password with `suprsend-hub console-user password`.", _OPERATOR)
    LINK_USED = ("link_used", Kind.UNAUTHENTICATED, "The one-time link has been used or has expired.",
        "Create a new link with `suprsend-hub console-user link`.", _OPERATOR)
    TOO_MANY_ATTEMPTS = ("too_many_attempts", Kind.RATE_LIMITED,
        "Too many sign-ins failed with this name or from this address.",
        "Wait as long as the message says.", _OPERATOR)
    EDITOR_NEEDED = ("editor_needed", Kind.FORBIDDEN, "A viewer tried to change something.",
        "Grant the role `editor` with `suprsend-hub console-user grant`.", _OPERATOR)
    WRONG_FORM_TOKEN = ("wrong_form_token", Kind.FORBIDDEN, "The form does not belong to a page of this session.",
        "Load the page again and repeat.", _OPERATOR)
    INVALID_FORM = ("invalid_form", _INVALID, "The form could not be read.",
        "Load the page again and repeat.", _OPERATOR)
    FORM_TOO_LARGE = ("form_too_large", Kind.TOO_LARGE, "The form is too large.", "Enter less text at once.", _OPERATOR)
    NOT_FOUND = ("not_found", _NOT_FOUND, "The address of the page contains an id that cannot exist.",
        "Start from the table of users.", _OPERATOR)
    NO_SUCH_PAGE = ("no_such_page", _NOT_FOUND, "The console has no page at this address.",
        "Start from `/console/`.", _OPERATOR)
    NO_SUCH_FORM = ("no_such_form", _NOT_FOUND, "The console has no form with this name.",
        "Start from the page of the recipient.", _OPERATOR)
    ASSET_NOT_FOUND = ("asset_not_found", _NOT_FOUND,
        "The page belongs to another release of the hub, whose stylesheet or script is gone.",
        "Load the page again.", _OPERATOR)

    # The command line -------------------------------------------------------------------------------------------------
    MISSING_SETTING = ("missing_setting", _INVALID, "A required setting is missing.",
        "Set the environment variable that the message names.", _OPERATOR)
    INVALID_DATABASE_URL = ("invalid_database_url", _INVALID,
        "`SUPRSEND_HUB_DATABASE_URL` is not the address of a database.",
        "Do what the message says. It repeats nothing of the address.", _OPERATOR)
    INVALID_MASTER_KEY = ("invalid_master_key", _INVALID, "The master key is not valid.",
        "Create a key with `suprsend-hub master-key`.", _OPERATOR)
    INVALID_NAME = ("invalid_name", _INVALID,
        "The name of a workspace or console user is blank, too long, or has unprintable characters.",
        "Choose 1 to 64 printable characters.", _OPERATOR)
    INVALID_PASSWORD = ("invalid_password", _INVALID, "A password is too short or too long.",
        "Choose a password with the length that the message gives.", _OPERATOR)
    INVALID_LIMIT = ("invalid_limit", _INVALID, "A rate limit is out of range.",
        "Choose a rate and a burst within the limits that the message gives.", _OPERATOR)
    INVALID_OVERLAP = ("invalid_overlap", _INVALID, "The overlap of a rotation is negative or too long.",
        "Choose an overlap within the limits that the message gives.", _OPERATOR)
    INVALID_CLOCK_SKEW = ("invalid_clock_skew", _INVALID, "The clock skew is negative or too large.",
        "Choose a clock skew within the limits that the message gives.", _OPERATOR)
    WORKSPACE_BEING_DELETED = ("workspace_being_deleted", _CONFLICT,
        "The workspace is being deleted and cannot be enabled.",
        "Run `suprsend-hub workspace delete` again to finish.", _OPERATOR)
    INVALID_ULID = ("invalid_ulid", _INVALID, "The text is not the id of a record.",
        "Copy the id from the list that shows it.", _OPERATOR)
    WORKSPACE_NOT_FOUND = ("workspace_not_found", _NOT_FOUND,
        "No workspace has this name, the console user has no access to it, or the API key belongs to another.",
        "List the workspaces with `suprsend-hub workspace list`.")
    CONSOLE_USER_NOT_FOUND = ("console_user_not_found", _NOT_FOUND, "No console user has this name.",
        "List the console users with `suprsend-hub console-user list`.", _OPERATOR)
    GRANT_NOT_FOUND = ("grant_not_found", _NOT_FOUND, "The console user has no access to the workspace.",
        "List who has access to what with `suprsend-hub console-user list`.", _OPERATOR)
    API_KEY_NOT_FOUND = ("api_key_not_found", _NOT_FOUND, "The workspace has no valid API key with this id.",
        "List the keys with `suprsend-hub key list`.", _OPERATOR)
    ALREADY_EXISTS = ("already_exists", _CONFLICT, "A record with this name or key already exists.",
        "Choose another name, or use the existing record.", _OPERATOR)
    PORT_TAKEN = ("port_taken", _CONFLICT, "The hub cannot listen on this address and port.",
        "Stop the program that listens there, or choose another `--port`.", _OPERATOR)
    ALREADY_RUNNING = ("already_running", _CONFLICT, "Another hub uses the data directory.",
        "Stop it, or choose another `--data-dir`.", _OPERATOR)
    UNKNOWN_HOST = ("unknown_host", _INVALID, "`--host` is not an address of this machine.",
        "Give an address of this machine, or a name that resolves to one.", _OPERATOR)

    # The embedded PostgreSQL ------------------------------------------------------------------------------------------
    NO_POSTGRES = ("no_postgres", _CONFLICT, "The package that contains PostgreSQL is not installed.",
        "Install it, or set `SUPRSEND_HUB_DATABASE_URL`.", _OPERATOR)
    NO_ACCOUNT = ("no_account", _CONFLICT, "PostgreSQL does not run as root, and no other user is available for it.",
        "Run the hub as another user.", _OPERATOR)
    NAMELESS_USER = ("nameless_user", _CONFLICT, "The user that runs the hub has no name on this system.",
        "Give the user a name, or run the hub as another user.", _OPERATOR)
    CLOSED_PROGRAMS = ("closed_programs", _CONFLICT,
        "The user that PostgreSQL would run as cannot reach its programs or its data.",
        "Run the hub as another user, or open the directory that the message names.", _OPERATOR)
    FOREIGN_DIRECTORY = ("foreign_directory", _CONFLICT, "The data directory belongs to another user.",
        "Run the hub as that user, or choose another `--data-dir`.", _OPERATOR)
    OPEN_DIRECTORY = ("open_directory", _CONFLICT, "Other users can write to the data directory.",
        "Restrict its permissions as the message says, or choose another `--data-dir`.", _OPERATOR)
    NO_SOCKET_DIRECTORY = ("no_socket_directory", _CONFLICT, "No directory is safe for the database's socket.",
        "Set `TMPDIR` to a directory of your own with a short path.", _OPERATOR)
    OTHER_POSTGRES_VERSION = ("other_postgres_version", _CONFLICT,
        "The data directory was created by another version of PostgreSQL.",
        "Move the data with `pg_dump` and `psql`, or choose another `--data-dir`.", _OPERATOR)
    NO_DATA = ("no_data", _NOT_FOUND, "The directory contains no data of a development hub.",
        "Start `suprsend-hub dev` there, or choose another `--data-dir`.", _OPERATOR)
    NOT_A_DATABASE = ("not_a_database", _CONFLICT, "The data directory contains files that are not a database.",
        "Move the files away, or choose another `--data-dir`.", _OPERATOR)
    INITDB_FAILED = ("initdb_failed", _UNAVAILABLE, "The database could not be created.",
        "Follow the message of PostgreSQL, which the error contains.", _OPERATOR)
    POSTGRES_FAILED = ("postgres_failed", _UNAVAILABLE, "The embedded PostgreSQL did not start, or has ended.",
        "Read its log in the data directory.", _OPERATOR)
    LEFTOVER_PROCESSES = ("leftover_processes", _UNAVAILABLE,
        "Processes of an earlier database still use the data directory and cannot be ended.",
        "End the processes that the message names.", _OPERATOR)
    NOT_READY = ("not_ready", _UNAVAILABLE, "The database does not answer, or its schema does not fit this release.",
        "Run `suprsend-hub db migrate`.", _OPERATOR)
    NEWER_SCHEMA = ("newer_schema", _CONFLICT,
        "A newer release has migrated the database, and this release cannot use it.",
        "Run the newer release of the hub.", _OPERATOR)
    UNKNOWN_REVISION = ("unknown_revision", _CONFLICT, "The database is at an unknown revision.",
        "Restore the database, or use a database that only the hub has migrated.", _OPERATOR)
    RELEASE_SKIPPED = ("release_skipped", _CONFLICT, "The database is too old for this release's migration.",
        "First migrate with the release in between.", _OPERATOR)
    TABLE_IN_USE = ("table_in_use", _UNAVAILABLE, "A migration could not lock a table in time.",
        "Wait for the long transaction that holds the lock, or end it. Then run the migration again.", _OPERATOR)
    # fmt: on
