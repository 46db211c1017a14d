"""Whether what netdumplings tells of packets equals what scapy tells of them.

``python -m tests.equality DIRECTORY`` compares them for every packet of every capture there.
"""
