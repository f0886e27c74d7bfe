"""Config files and environment, validated as a whole and turned into frozen model objects."""
