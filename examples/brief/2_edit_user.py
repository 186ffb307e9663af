import suprsend

supr_client = suprsend.Suprsend("workspace_key", "workspace_secret")

# --- as printed ---
#Fetch user instance
user = supr_client.users.get_edit_instance("__distinct_id__")

#Call user update methods
user.set_timezone("America/Los_Angeles")
user.set("name", "John Doe")

#Save Changes
res = supr_client.users.async_edit(user)
print(res)
