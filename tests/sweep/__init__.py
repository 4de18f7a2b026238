"""Every AWS call of a playbook fails once in every way, and the next run has to finish. See README.md."""
