"""The only file that knows the job engine (DBOS): lanes, schedules, workflows."""
