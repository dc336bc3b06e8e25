/** What the services ask of PostgreSQL: the same over the embedded one and a real server. */
export interface Database {
  /** Runs one statement. Values go in `params` (`$1`, `$2`, …), never into the text. */
  query<Row>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/**
 * Opens the PostgreSQL server at `url`, or without one an empty PostgreSQL in this process's memory. Then creates
 * what `schema` says, statement by statement; each must be safe to run again (`if not exists`).
 */
export async function openDatabase(url: string | undefined, schema: readonly string[]): Promise<Database> {
  const database = url === undefined ? await openEmbedded() : await openServer(url);
  try {
    for (const statement of schema) await database.query(statement);
  } catch (thrown) {
    await database.close();
    throw thrown;
  }
  return database;
}

// Both drivers are imported on demand: a process loads only the one that it uses.

async function openEmbedded(): Promise<Database> {
  const { PGlite } = await import("@electric-sql/pglite");
  const embedded = await PGlite.create();
  return {
    query: async <Row>(sql: string, params: readonly unknown[] = []) =>
      (await embedded.query<Row>(sql, [...params])).rows,
    close: () => embedded.close(),
  };
}

async function openServer(url: string): Promise<Database> {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ connectionString: url, max: 8, connectionTimeoutMillis: 5_000 });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on("error", (error) => console.error(`database connection lost: ${error.message}`));
  return {
    query: async <Row>(sql: string, params: readonly unknown[] = []) =>
      (await pool.query(sql, [...params])).rows as Row[],
    close: () => pool.end(),
  };
}
