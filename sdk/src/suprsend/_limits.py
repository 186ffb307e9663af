"""Every limit of the SDK, with its unit and who imposes it. A leaf.

Those of the wire and of the hub are in ``contract/limits.json``, with which a test compares them.
"""

# Imposed by the wire contract; measured on JSON text with the separators ", " and ": ", in UTF-8 bytes.
MAX_EVENT_BYTES = 10_240
MAX_EVENT_BYTES_READABLE = "10KB"

# Imposed by the wire contract on one POST of identity events.
MAX_CHUNK_RECORDS = 400
MAX_CHUNK_BYTES = 819_200

# Imposed by the wire contract on one request: ids of a bulk deletion, recipients of a change of subscriptions.
MAX_DELETED_IDS = 1_000
MAX_RECIPIENTS = 100
# Imposed by the hub on one request: reports of deliveries.
MAX_REPORTS = 1_000
# Our choice, below what the hub accepts in a body (1 MiB): longer lists of ids take several requests.
MAX_LISTED_IDS = 10_000
MAX_LISTED_BYTES = 900_000
# Imposed by the hub on what it stores: characters of ids, of property keys, and of bundle and device ids; integers of
# 64 bits; arrays and objects nested in a value, the outermost counted;
# e-mail addresses as SMTP can carry them, and phone numbers as they are written.
MAX_ID_CHARS = 255
MAX_KEY_CHARS = 255
MAX_COMPANION_CHARS = 255
MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**63 - 1
MAX_VALUE_DEPTH = 64
MAX_EMAIL_BYTES = 254
MAX_PHONE_TEXT_CHARS = 100

# Our choice: a connection inside one network takes milliseconds, a hub that is handed 800 KB of edits may need a while.
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0

# Our choice: one call and three retries, waits of about 0.25, 0.5 and 1 s, each jittered.
MAX_RETRIES = 3
RETRY_BASE_S = 0.25
RETRY_CAP_S = 8.0
# Our choice: how often a bulk run sends a chunk again to a hub that asks for a pause (Retry-After). With pauses that
# grow to RETRY_CAP_S, several minutes: a hub above its limits or being restarted costs time, not records.
MAX_BULK_RETRIES = 60
# A server that asks for a longer pause than this gets its error handed to the caller instead.
MAX_RETRY_AFTER_S = 60.0

# Our choice: chunks in flight at the same time in a bulk run.
MAX_IN_FLIGHT = 6
# Requests to find the invalid records of one refused chunk; about 18 find one invalid record among 400.
MAX_SPLIT_REQUESTS = 128
# Failed records that the summary of a bulk run keeps; the counters stay exact beyond it.
MAX_FAILED_RECORDS_KEPT = 1_000

# Page size of the lazy iterators; the contract allows 1 to 1000.
ITER_PAGE_SIZE = 100
