"""Pictures of the hub's page, for the documentation: ``./dev shots`` (``python -m tests.shots``).

- `fleet`: kitchens that are made up, and what a hub would have told of them in the last minutes.
- `dishes`: what real chefs make of a made-up capture.
- `camera`: the browser.
- `palette`: small PNG files.
"""
