"""The command line: one module a command, what they share in the others.

`command` makes a command, `options` holds the options that several commands have, `errors` says
how a command ends, `logs` sets up logging, and `text` and `color` put text from the network on a
terminal. Nothing slow is imported before a command runs, so that ``--help`` answers at once.
"""
