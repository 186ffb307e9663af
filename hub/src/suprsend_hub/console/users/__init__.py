"""The table of users: search, filters, pages, and creating one."""
