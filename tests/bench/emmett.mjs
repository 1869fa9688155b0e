// Writers of Emmett: node emmett.mjs CONNINFO WRITERS SECONDS DATA
//
// For each line on standard input they write for so many seconds, each single events in a stream
// of its own, and one line says how many a second that was.

import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';

const [conninfo, writers, seconds, data] = process.argv.slice(2);
const event = { type: 'VoteCast', data: JSON.parse(data) };
// Its own pool has ten connections; here every writer has one.
const pool = new pg.Pool({ connectionString: conninfo, max: Number(writers) });
const store = getPostgreSQLEventStore(conninfo, { connectionOptions: { pool } });
await store.schema.migrate();

async function write(end) {
  const stream = `meting-${randomUUID()}`;
  let done = 0;
  while (performance.now() < end) {
    await store.appendToStream(stream, [event]);
    done += 1;
  }
  return done;
}

for await (const _ of createInterface({ input: process.stdin })) {
  const start = performance.now();
  const each = Array.from({ length: Number(writers) }, () => write(start + 1000 * Number(seconds)));
  const done = (await Promise.all(each)).reduce((sum, one) => sum + one, 0);
  console.log((1000 * done) / (performance.now() - start));
}
await store.close();
await pool.end();
