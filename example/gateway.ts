/**
 * The gateway: all that is written by hand. What it serves is generated from proto/public.
 *
 *   PORT                                        where it listens
 *   USERS_TARGET, ORDERS_TARGET, ITEMS_TARGET   the internal services, each as "host:port"
 *   JWT_ISSUER, JWT_AUDIENCE                    what the tokens of callers must say
 *   JWT_JWKS_URL, or else JWT_PUBLIC_KEY        what they are signed with: a URL, or an ES256 key as PEM
 */
import { ConfigurationError, jwtAuthenticator, runGateway } from "@portico/runtime";
import { api } from "../gen/gateway.js";

// A function, so that what is wrong in it is told like every other mistake in the configuration.
await runGateway(() => ({
  api,
  port: Number(env("PORT")),
  upstreams: {
    "smpl.users.v1.UsersService": env("USERS_TARGET"),
    "smpl.orders.v1.OrdersService": env("ORDERS_TARGET"),
    "smpl.items.v1.ItemsService": env("ITEMS_TARGET"),
  },
  authenticator: jwtAuthenticator({
    issuer: env("JWT_ISSUER"),
    audience: env("JWT_AUDIENCE"),
    algorithms: ["ES256"],
    ...(process.env.JWT_JWKS_URL ? { jwksUrl: process.env.JWT_JWKS_URL } : { key: env("JWT_PUBLIC_KEY") }),
  }),
}));

function env(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new ConfigurationError([`${name} is not set`]);
}
