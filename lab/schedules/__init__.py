"""What happens by the clock: schedules, scheduled rules, alarms. See "Schedules" in lab/README.md."""
