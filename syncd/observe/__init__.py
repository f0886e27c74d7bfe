"""What syncd tells its operators: structured log lines."""
