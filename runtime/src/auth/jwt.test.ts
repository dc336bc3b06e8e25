import { createHmac, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import { SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Code, PorticoError } from "../call/error.js";
import { ConfigurationError } from "../configuration-error.js";
import { type JwtAuthenticatorOptions, jwtAuthenticator } from "./jwt.js";
import type { Principal } from "./principal.js";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const publicPem = rsa.publicKey.export({ type: "spki", format: "pem" }) as string;
const secret = new Uint8Array(randomBytes(32));

const base = { issuer: "https://issuer.test", audience: "api", algorithms: ["RS256"] } as const;
const now = () => Math.floor(Date.now() / 1000);

interface Made {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  key?: KeyObject | Uint8Array;
}

function token({ claims = {}, header = {}, key = rsa.privateKey }: Made = {}): Promise<string> {
  const all = { iss: "https://issuer.test", aud: "api", sub: "user-1", exp: now() + 600, ...claims };
  const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new SignJWT(present).setProtectedHeader({ alg: "RS256", ...header }).sign(key);
}

/** A token put together by hand, for what jose would not sign. */
function forged(header: object, sign: (input: string) => Buffer): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const claims = { iss: "https://issuer.test", aud: "api", sub: "user-1", exp: now() + 600 };
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${sign(input).toString("base64url")}`;
}

async function authenticate(
  options: Partial<JwtAuthenticatorOptions>,
  authorization: string | undefined,
): Promise<Principal | undefined> {
  return await jwtAuthenticator({ ...base, key: publicPem, ...options }).authenticate({ authorization });
}

async function errorOf(result: () => unknown): Promise<PorticoError> {
  try {
    await result();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(PorticoError);
    return thrown as PorticoError;
  }
  throw new Error("was accepted");
}

describe("a valid token", () => {
  it("gives a principal", async () => {
    const claims = { roles: ["viewer", 7], scope: "read  write", tenant: "acme" };
    const principal = await authenticate({}, `Bearer ${await token({ claims })}`);
    expect(principal).toMatchObject({
      subject: "user-1",
      roles: ["viewer"],
      scopes: ["read", "write"],
      claims: { tenant: "acme" },
    });
    expect(principal!.expiresAtMs).toBe(((principal!.claims.exp as number) + 60) * 1000);
  });

  it.each([
    ["roles", { roles: "a b" }, ["a", "b"]],
    ["roles", { roles: { a: true } }, []],
    ["roles", {}, []],
    ["realm_access.roles", { realm_access: { roles: ["a"] } }, ["a"]],
    ["realm_access.roles", { realm_access: "roles" }, []],
    ["https://a.test/roles", { "https://a.test/roles": ["a"] }, ["a"]],
    ["constructor.name", {}, []],
  ])("has the roles of %s: %j", async (rolesClaim, claims, roles) => {
    expect((await authenticate({ rolesClaim }, `bearer ${await token({ claims })}`))!.roles).toEqual(roles);
  });

  it.each([
    ["KeyObject", { key: rsa.publicKey }, { key: rsa.privateKey }],
    ["JWK", { key: rsa.publicKey.export({ format: "jwk" }) }, { key: rsa.privateKey }],
    [
      "EC key",
      { key: ec.publicKey, algorithms: ["ES256"] },
      { key: ec.privateKey, header: { alg: "ES256" } },
    ],
    ["secret", { key: secret, algorithms: ["HS256"] }, { key: secret, header: { alg: "HS256" } }],
    ["several audiences", { audience: ["x", "api"] }, { claims: { aud: ["y", "api"] } }],
    ["typ", { type: "at+jwt" }, { header: { typ: "at+jwt" } }],
    ["expired within the tolerance", {}, { claims: { exp: now() - 30 } }],
    ["not yet valid within the tolerance", {}, { claims: { nbf: now() + 30 } }],
  ] as Array<[string, Partial<JwtAuthenticatorOptions>, Made]>)(
    "is accepted: %s",
    async (_name, options, made) => {
      expect(await authenticate(options, `Bearer ${await token(made)}`)).toBeDefined();
    },
  );

  it("is remembered: the second time there is no promise", async () => {
    const authenticator = jwtAuthenticator({ ...base, key: publicPem });
    const headers = { authorization: `Bearer ${await token()}` };
    const [first, second] = [authenticator.authenticate(headers), authenticator.authenticate(headers)];
    expect(first).toBeInstanceOf(Promise);
    expect(second).toBe(first);
    const principal = await first;
    expect(authenticator.authenticate({ ...headers })).toBe(principal);
  });

  it("is remembered no longer than it lives", async () => {
    const authenticator = jwtAuthenticator({ ...base, key: publicPem, clockToleranceSeconds: 0 });
    const headers = { authorization: `Bearer ${await token({ claims: { exp: now() + 1 } })}` };
    await authenticator.authenticate(headers);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await errorOf(() => authenticator.authenticate(headers))).code).toBe(Code.UNAUTHENTICATED);
  });
});

describe("no credentials", () => {
  it("are nobody", async () => {
    expect(await authenticate({}, undefined)).toBeUndefined();
  });
});

describe("credentials that are not valid", () => {
  const cases: Array<[string, () => string | Promise<string>, Partial<JwtAuthenticatorOptions>?]> = [
    ["empty", () => ""],
    ["bare Bearer", () => "Bearer"],
    ["Bearer and a space", () => "Bearer "],
    ["garbage", () => "Bearer abc"],
    ["three parts of garbage", () => "Bearer a.b.c"],
    ["another scheme", () => "Basic dXNlcjpwYXNz"],
    ["two tokens", async () => `Bearer ${await token()}, Bearer ${await token()}`],
    ["something after it", async () => `Bearer ${await token()} x`],
    ["expired", async () => `Bearer ${await token({ claims: { exp: now() - 61 } })}`],
    ["not yet valid", async () => `Bearer ${await token({ claims: { nbf: now() + 90 } })}`],
    ["no exp", async () => `Bearer ${await token({ claims: { exp: undefined } })}`],
    ["exp of text", async () => `Bearer ${await token({ claims: { exp: "9999999999" } })}`],
    ["no sub", async () => `Bearer ${await token({ claims: { sub: undefined } })}`],
    ["empty sub", async () => `Bearer ${await token({ claims: { sub: "" } })}`],
    ["sub of numbers", async () => `Bearer ${await token({ claims: { sub: 7 } })}`],
    ["no aud", async () => `Bearer ${await token({ claims: { aud: undefined } })}`],
    ["wrong aud", async () => `Bearer ${await token({ claims: { aud: "api2" } })}`],
    ["no iss", async () => `Bearer ${await token({ claims: { iss: undefined } })}`],
    ["wrong iss", async () => `Bearer ${await token({ claims: { iss: "https://issuer.test/" } })}`],
    ["wrong key", async () => `Bearer ${await token({ key: other.privateKey })}`],
    ["other algorithm", async () => `Bearer ${await token({ header: { alg: "PS256" } })}`],
    ["wrong typ", async () => `Bearer ${await token({ header: { typ: "JWT" } })}`, { type: "at+jwt" }],
    ["no typ", async () => `Bearer ${await token()}`, { type: "at+jwt" }],
    [
      "unknown crit",
      async () => `Bearer ${forged({ alg: "RS256", crit: ["x"], x: 1 }, () => Buffer.alloc(256))}`,
    ],
    ["alg none", () => `Bearer ${forged({ alg: "none" }, () => Buffer.alloc(0))}`],
    ["alg None, signed", () => `Bearer ${forged({ alg: "None" }, () => Buffer.alloc(256))}`],
    [
      "HS256 with the public key as its secret",
      () =>
        `Bearer ${forged({ alg: "HS256" }, (input) => createHmac("sha256", publicPem).update(input).digest())}`,
    ],
    [
      "a key of its own",
      async () =>
        `Bearer ${await token({ key: other.privateKey, header: { jwk: other.publicKey.export({ format: "jwk" }) } })}`,
    ],
    [
      "jku",
      async () => `Bearer ${await token({ key: other.privateKey, header: { jku: "http://127.0.0.1:9" } })}`,
    ],
    [
      "x5u",
      async () => `Bearer ${await token({ key: other.privateKey, header: { x5u: "http://127.0.0.1:9" } })}`,
    ],
    [
      "kid as a path",
      async () => `Bearer ${await token({ key: other.privateKey, header: { kid: "../../etc/passwd" } })}`,
    ],
  ];
  it.each(cases)("are refused: %s", async (_name, make, options = {}) => {
    const authorization = await make();
    const error = await errorOf(() => authenticate(options, authorization));
    expect([error.code, error.message]).toEqual([Code.UNAUTHENTICATED, "invalid credentials"]);
  });

  it("are refused when cut or changed anywhere", async () => {
    const valid = await token();
    const authenticator = jwtAuthenticator({ ...base, key: publicPem });
    await authenticator.authenticate({ authorization: `Bearer ${valid}` });
    for (let i = 0; i < valid.length - 1; i += 37) {
      const changed = valid.slice(0, i) + (valid[i] === "A" ? "B" : "A") + valid.slice(i + 1);
      await errorOf(() => authenticator.authenticate({ authorization: `Bearer ${changed}` }));
    }
  });
});

describe("keys from a JWKS URL", () => {
  let server: Server;
  let url: string;
  let fetches = 0;
  let answer: () => { status: number; body: string };
  const jwk = (pair: { publicKey: KeyObject }, kid: string) => ({
    ...pair.publicKey.export({ format: "jwk" }),
    kid,
  });
  const keys = (...all: object[]) => ({ status: 200, body: JSON.stringify({ keys: all }) });

  beforeAll(async () => {
    server = createServer((_request, response) => {
      fetches++;
      const { status, body } = answer();
      response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as { port: number }).port}/jwks`;
  });
  afterAll(() => server.close());
  beforeEach(() => {
    fetches = 0;
    answer = () => keys(jwk(rsa, "a"));
  });

  const make = (options: Partial<JwtAuthenticatorOptions> = {}) =>
    jwtAuthenticator({ ...base, jwksUrl: url, cacheEntries: 0, ...options });
  const bearer = async (made: Made) => ({ authorization: `Bearer ${await token(made)}` });

  it("are fetched once for many tokens", async () => {
    const authenticator = make();
    const headers = await Promise.all(
      range(5).map((i) => bearer({ claims: { sub: `u${i}` }, header: { kid: "a" } })),
    );
    await Promise.all(headers.map((one) => authenticator.authenticate(one)));
    await authenticator.authenticate(headers[0]!);
    expect(fetches).toBe(1);
  });

  it("are fetched at most once a cooldown for key ids made up", async () => {
    const authenticator = make();
    await authenticator.authenticate(await bearer({ header: { kid: "a" } }));
    for (const i of range(50)) {
      const headers = await bearer({ header: { kid: `../${i}` } });
      expect((await errorOf(() => authenticator.authenticate(headers))).code).toBe(Code.UNAUTHENTICATED);
    }
    expect(fetches).toBe(1);
  });

  it("are not fetched for garbage, other algorithms or key locations of a token's own", async () => {
    const authenticator = make();
    const headers = [
      { authorization: "Bearer a.b.c" },
      { authorization: `Bearer ${forged({ alg: "none" }, () => Buffer.alloc(0))}` },
      { authorization: `Bearer ${forged({ alg: "HS256", kid: "a" }, () => Buffer.alloc(32))}` },
    ];
    for (const one of headers) await errorOf(() => authenticator.authenticate(one));
    expect(fetches).toBe(0);
  });

  it("follow a rotation after the cooldown", async () => {
    const authenticator = make({ jwksCooldownMs: 0 });
    await authenticator.authenticate(await bearer({ header: { kid: "a" } }));
    answer = () => keys(jwk(rsa, "a"), jwk(other, "b"));
    const headers = await bearer({ key: other.privateKey, header: { kid: "b" } });
    expect(await authenticator.authenticate(headers)).toMatchObject({ subject: "user-1" });
  });

  it("are tried one after the other for a token without a key id", async () => {
    answer = () => keys(jwk(other, "b"), jwk(rsa, "a"));
    expect(await make().authenticate(await bearer({}))).toMatchObject({ subject: "user-1" });
  });

  it.each([
    ["error", () => ({ status: 500, body: "" })],
    ["no JSON", () => ({ status: 200, body: "<html>" })],
    ["redirect", () => ({ status: 302, body: "" })],
    ["too long", () => keys({ pad: "x".repeat(2_000_000) })],
  ])("that cannot be had fail closed: %s", async (_name, response) => {
    answer = response;
    const authenticator = make();
    const headers = await bearer({ header: { kid: "a" } });
    const error = await errorOf(() => authenticator.authenticate(headers));
    expect([error.code, error.message]).toEqual([Code.UNAVAILABLE, "unavailable"]);
    // The next ones do not wait for another fetch to fail.
    await errorOf(() => authenticator.authenticate(headers));
    expect(fetches).toBe(1);
  });

  it("are used while the issuer is down, until they are too old", async () => {
    const authenticator = make({ jwksMaxAgeMs: 0, jwksMaxStaleMs: 300 });
    const headers = await bearer({ header: { kid: "a" } });
    await authenticator.authenticate(headers);
    answer = () => ({ status: 503, body: "" });
    expect(await authenticator.authenticate(headers)).toBeDefined();
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect((await errorOf(() => authenticator.authenticate(headers))).code).toBe(Code.UNAVAILABLE);
  });
});

describe("options that cannot be used", () => {
  const privatePem = rsa.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
  const cases: Array<[string, Record<string, unknown>, RegExp]> = [
    ["no issuer", { issuer: "" }, /issuer: say what/],
    ["no audience", { audience: [] }, /audience: say what/],
    ["no key", { key: undefined }, /either key or jwksUrl/],
    ["both", { jwksUrl: "https://issuer.test/jwks" }, /either key or jwksUrl/],
    ["no algorithms", { algorithms: [] }, /algorithms: name those/],
    ["none", { algorithms: ["none"] }, /"none" is not accepted/],
    ["inherited name", { algorithms: ["constructor"] }, /"constructor" is not accepted/],
    ["HS256 with a public key", { algorithms: ["HS256"] }, /HS256 needs a symmetric secret/],
    ["mixed", { algorithms: ["RS256", "HS256"] }, /HS256 needs a symmetric secret/],
    ["RS256 with a secret", { key: secret }, /RS256 needs a public key/],
    [
      "HS256 from a JWKS",
      { key: undefined, jwksUrl: "https://a.test", algorithms: ["HS256"] },
      /HS256 needs/,
    ],
    [
      "PEM as secret",
      { key: new TextEncoder().encode(publicPem), algorithms: ["HS256"] },
      /PEM are no secret/,
    ],
    ["short secret", { key: new Uint8Array(16), algorithms: ["HS256"] }, /at least 256 bits/],
    ["secret as text", { key: "s3cret", algorithms: ["HS256"] }, /must be a PEM; pass a symmetric secret/],
    ["private PEM", { key: privatePem }, /private key/],
    ["private KeyObject", { key: rsa.privateKey }, /private key/],
    ["private JWK", { key: rsa.privateKey.export({ format: "jwk" }) }, /private key/],
    [
      "broken PEM",
      { key: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----" },
      /^jwtAuthenticator: key/,
    ],
    ["wrong kind of key", { key: ec.publicKey }, /RS256 needs a key of type rsa/],
    ["wrong curve", { key: ec.publicKey, algorithms: ["ES384"] }, /needs a key on secp384r1/],
    ["weak key", { key: weak }, /at least 2048 bits/],
    ["JWKS in cleartext", { key: undefined, jwksUrl: "http://issuer.test/jwks" }, /must be https/],
    ["JWKS without URL", { key: undefined, jwksUrl: "issuer" }, /is not a URL/],
    ["negative tolerance", { clockToleranceSeconds: -1 }, /clockToleranceSeconds/],
  ];
  it.each(cases)("are told at the start: %s", (_name, change, text) => {
    const options = { ...base, key: publicPem, ...change } as JwtAuthenticatorOptions;
    expect(() => jwtAuthenticator(options)).toThrow(ConfigurationError);
    expect(() => jwtAuthenticator(options)).toThrow(text);
  });
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
