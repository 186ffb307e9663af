"""What the two HTTP faces share below routes and pages: who is at the other end, which request it is, and its body."""
