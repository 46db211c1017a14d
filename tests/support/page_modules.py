"""The modules of the hub's page, called in a browser as the page itself calls them."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page

#: A view on its own in the page, whose hub is the test: ``stage.hub.emit(event, ...)``.
STAGE = """async (name) => {
  const [{ Emitter }, module] = await Promise.all([import("/emitter.js"), import(`/${name}.js`)]);
  const hub = new Emitter();
  let wanted = 0;
  const app = { hub, changed: () => { wanted ||= requestAnimationFrame(() => {
    wanted = 0;
    view.update();
  }); } };
  const view = module.create(app);
  document.getElementById("view").replaceChildren(view.element);
  view.show();
  for (const event of ["dumplings", "gap", "status"]) hub.on(event, app.changed);
  window.stage = { view, hub };
}"""


async def call(page: Page, code: str, argument: Any = None) -> Any:
    """Run the body of an asynchronous function of `given`, which may import; return its result."""
    return await page.evaluate(f"async (given) => {{ {code} }}", argument)


async def stage(page: Page, out_port: int, view: str) -> None:
    """Show one view alone, without a connection: ``stage.hub.emit`` is what it is told.

    Args:
        page: an empty page.
        out_port: of a hub that serves it.
        view: the name of its module.
    """
    await page.goto(f"http://localhost:{out_port}/#fleet")
    await page.evaluate(STAGE, view)
