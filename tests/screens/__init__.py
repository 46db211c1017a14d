"""The screens that the documentation shows, made by ``./dev screens``."""
