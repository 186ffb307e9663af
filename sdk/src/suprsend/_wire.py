"""The words of the wire: operators, channels, reserved keys. A leaf; they are not written as literals anywhere else."""

SET = "$set"
SET_ONCE = "$set_once"
ADD = "$add"
APPEND = "$append"
REMOVE = "$remove"
UNSET = "$unset"

EMAIL = "$email"
SMS = "$sms"
WHATSAPP = "$whatsapp"
ANDROIDPUSH = "$androidpush"
IOSPUSH = "$iospush"
WEBPUSH = "$webpush"
SLACK = "$slack"
MS_TEAMS = "$ms_teams"
INBOX = "$inbox"

ID_PROVIDER = "$id_provider"
BUNDLE_ID = "$bundle_id"
DEVICE_ID = "$device_id"

LANGUAGE = "$preferred_language"
LOCALE = "$locale"
TIMEZONE = "$timezone"

SETTINGS = frozenset({LANGUAGE, LOCALE, TIMEZONE})
PUSH_CHANNELS = frozenset({ANDROIDPUSH, IOSPUSH, WEBPUSH})
CHANNELS = PUSH_CHANNELS | {EMAIL, SMS, WHATSAPP, SLACK, MS_TEAMS}
COMPANIONS = frozenset({ID_PROVIDER, BUNDLE_ID, DEVICE_ID})
COMPANIONS_READ = COMPANIONS | {"$pushvendor"}  # the old name of a provider, which a hub still reads
PROVIDERS = frozenset({"fcm", "xiaomi", "oppo", "apns", "vapid"})
