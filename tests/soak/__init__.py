"""The soak: weeks of ordinary work with something going wrong all the time, to see what grows and what is lost."""
