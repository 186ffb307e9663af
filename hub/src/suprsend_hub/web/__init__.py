"""What the two HTTP faces share below routes and pages: who is at the other end, and which request it is."""
