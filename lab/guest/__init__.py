"""Inside a host: a disk of its own, a shell that cannot leave it, and Systems Manager, which runs commands there."""
