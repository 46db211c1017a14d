"""How Sphinx builds the documentation: ``./dev docs``."""

import sys
from pathlib import Path

from netdumplings import __version__

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "netdumplings"
author = "the netdumplings authors"
copyright = f"2026, {author}"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "command_help",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"netdumplings {__version__}"

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3

# In our docstrings single backticks are names in the code, whether or not they have a page.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_use_ivar = True
napoleon_attr_annotations = False
napoleon_numpy_docstring = False

nitpick_ignore_regex = [
    # Documented elsewhere: the standard library, and the libraries we use.
    (
        r"py:.*",
        r"(asyncio|collections|datetime|enum|os|pathlib|ssl|types|typing|websockets|scapy|numpy|np|npt)\..*",
    ),
    # Names that annotations use and that are no part of the documented API.
    (
        r"py:class",
        r"(.*\.)?(CaptureStatistics|Flows|NamedChef|Packets?|PacketBatch|PathLike|Progress|RingReader|StuckCall|HubAddress|HubConnection)",
    ),
]
