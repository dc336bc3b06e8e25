import { promisify } from "node:util";
import type { DescService } from "@bufbuild/protobuf";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { type CallLog, createCallLog } from "./call-log.js";
import { type Database, openDatabase } from "./database.js";
import { handlersOf, type Implementation, serviceDefinition } from "./grpc.js";

/** What a service is started with. */
export interface ServiceOptions {
  /** The port to listen on, on the loopback interface; 0 (the default) takes a free one. */
  readonly port?: number | undefined;
  /** A PostgreSQL server ("postgres://…"). Default: one embedded in this process, in memory. */
  readonly databaseUrl?: string | undefined;
  /** Whether to add the example's rows, those that are not there yet. Default true. */
  readonly seed?: boolean | undefined;
  /** Where to count the calls served. Default: a log of this service's own. */
  readonly calls?: CallLog | undefined;
}

/** A service that listens. */
export interface RunningService {
  readonly port: number;
  /** The calls served so far. */
  readonly calls: CallLog;
  /** Lets the calls under way end (2 seconds at most), then closes server and database. */
  close(): Promise<void>;
}

/** What makes one service differ from another. */
export interface ServiceParts<S extends DescService> {
  readonly service: S;
  /** SQL statements that create its tables. */
  readonly schema: readonly string[];
  readonly implement: (database: Database) => Implementation<S>;
  readonly seed: (database: Database) => Promise<void>;
}

const closeTimeoutMs = 2_000;

/** Opens the database, then the port. Rejects, with everything closed again, when either fails. */
export async function startService<S extends DescService>(
  parts: ServiceParts<S>,
  options: ServiceOptions,
): Promise<RunningService> {
  const calls = options.calls ?? createCallLog();
  const database = await openDatabase(options.databaseUrl, parts.schema);
  try {
    if (options.seed ?? true) await parts.seed(database);
    const server = new Server();
    server.addService(
      serviceDefinition(parts.service),
      handlersOf(parts.service, parts.implement(database), calls),
    );
    const bind = promisify(server.bindAsync.bind(server));
    const port = await bind(`127.0.0.1:${options.port ?? 0}`, ServerCredentials.createInsecure());
    return {
      port,
      calls,
      close: async () => {
        await shutDown(server);
        await database.close();
      },
    };
  } catch (thrown) {
    await database.close();
    throw thrown;
  }
}

async function shutDown(server: Server): Promise<void> {
  const timer = setTimeout(() => server.forceShutdown(), closeTimeoutMs);
  // Its error says only that the server was not running, which is what we want of it.
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(timer);
}
