"""Pure decisions: what a value means, which records belong together, what is to be written. Nothing here acts."""
