# --- as printed ---
import suprsend

supr_client = suprsend.Suprsend("workspace_key", "workspace_secret")

distinct_id = "distinct_id"  # Unique identifier of user in your application

# Instantiate User profile
user = supr_client.users.get_edit_instance(distinct_id)
