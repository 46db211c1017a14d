"""Keeps dumplings in an SQLite database, each once, however often it is killed."""

import asyncio
import json
import sqlite3
import sys

from netdumplings import DumplingEater


async def keep(hub, path):
    """Keep what comes, from where it stopped before."""
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE IF NOT EXISTS dumplings (json TEXT)")
        database.execute("CREATE TABLE IF NOT EXISTS place (cursor TEXT)")
    kept = database.execute("SELECT cursor FROM place").fetchone()
    cursor = json.loads(kept[0]) if kept else None
    async with DumplingEater("keeper", hub, since=0, resume=cursor) as eater:
        async for batch in eater.batches():
            with database:  # one transaction: all of this is kept, or nothing
                database.executemany("INSERT INTO dumplings VALUES (?)", zip(batch.texts))
                database.execute("DELETE FROM place")
                if batch.cursor is not None:
                    place = json.dumps(batch.cursor)
                    database.execute("INSERT INTO place VALUES (?)", (place,))


if __name__ == "__main__":
    asyncio.run(keep(*sys.argv[1:]))  # such as: localhost:11348 kept.sqlite
