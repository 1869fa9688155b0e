"""The barest route there is, to hold ours against: python -m tests.bench.bare PORT CONNINFO.

FastAPI and one psycopg INSERT per request from a pool, in the same kind of server as ours.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
from collections.abc import AsyncIterator
from uuid import uuid4

import uvicorn
from fastapi import FastAPI, Request
from psycopg_pool import AsyncConnectionPool

from tests.bench.measures import RAW_INSERT

CONNECTIONS = 16
POOL_SECONDS = 30.0


def create_app(conninfo: str) -> FastAPI:
    """Return an application that keeps the body of every POST, and does no more."""
    more = {"autocommit": True, "prepare_threshold": 0}
    pool = AsyncConnectionPool(
        conninfo, min_size=CONNECTIONS, max_size=CONNECTIONS, open=False, kwargs=more
    )
    stream, numbers = f"kaal-{uuid4()}", itertools.count()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await pool.open(wait=True, timeout=POOL_SECONDS)
        yield
        await pool.close()

    app = FastAPI(lifespan=lifespan)

    @app.post("/bare", status_code=201)
    async def keep(request: Request) -> dict[str, int]:
        number, state = next(numbers), await request.body()
        async with pool.connection() as conn:
            await conn.execute(RAW_INSERT, (stream, number, state))
        return {"position": number}

    return app


if __name__ == "__main__":
    uvicorn.run(
        create_app(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        backlog=2048,
    )
