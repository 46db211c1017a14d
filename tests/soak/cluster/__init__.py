"""Several hubs on three servers of NATS: everything of it killed and cut off, and no dumpling lost.

Kitchens and eaters are processes (`making` and `eating`), so that they can be killed, too; `fleet`
has all of it, `faults` does to it what can happen, and `outcome` says whether that was noticed.
"""
