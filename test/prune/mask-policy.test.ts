import { Code } from "@portico/runtime";
import { expect, it } from "vitest";
import { gateway } from "../support/gateway.js";

// Guarded fields that the mask of a request names.
const MASK = 'import "google/protobuf/field_mask.proto";\n';
const service = (methods: string) => `service Api {
  option (portico.v1.service) = { from: "in.Api" allow: {authenticated: true} };
  ${methods}
}
`;

it("are found as deep as masks are translated", async () => {
  const { run } = await gateway(
    `${MASK} service Api { rpc UpdateA(U) returns (A); }
    message U { A a = 1; google.protobuf.FieldMask update_mask = 2; }
    message A { string x = 1; string y = 2; B in = 3; }
    message B { string x = 1; string y = 2; C in = 3; }
    message C { string x = 1; string y = 2; D in = 3; }
    message D { string x = 1; string y = 2; D in = 3; }`,
    `${MASK} ${service("rpc UpdateA(U) returns (A);")}
    message U { A a = 1; google.protobuf.FieldMask update_mask = 2; }
    message A { string x = 1; optional string y = 2 [(portico.v1.field).allow = {role: "admin"}]; A in = 3; }`,
  );
  const ask = async (updateMask: string, roles: string[] = []) => {
    const request = { a: { x: "1" }, updateMask };
    const { error, upstream } = await run({ "in.Api/UpdateA": () => ({}) }, { roles, request });
    return error?.code ?? (upstream.calls[0]!.request as { updateMask: string }).updateMask;
  };
  for (let path = "y", depth = 0; depth < 8; depth++, path = `in.${path}`) {
    // What nobody may name is unknown, and reaches nothing either.
    const isKnown = (await ask(path, ["admin"])) === path;
    expect(isKnown, path).toBe(depth < 5);
    expect(await ask(path), path).toBe(isKnown ? Code.PERMISSION_DENIED : Code.INVALID_ARGUMENT);
  }
  for (const path of ["in", "in.in", "in.in.in", "in.in.in.in", "*"])
    expect(await ask(path), path).toBe(Code.PERMISSION_DENIED);
  for (const path of ["x", "in.x", "in.in.x", "in.in.in.x"]) expect(await ask(path), path).toBe(path);
});

const TWO = `${MASK} service Api { rpc UpdateA(UA) returns (A); rpc UpdateB(UB) returns (B); }
  message UA { A a = 1; google.protobuf.FieldMask update_mask = 2; }
  message UB { B b = 1; google.protobuf.FieldMask update_mask = 2; }
  message A { string x = 1; string y = 2; }
  message B { string x = 1; string y = 2; string z = 3; }`;
const two = (
  allow: (role: string) => string,
  more = "",
  field = "",
) => `${MASK} ${service(`rpc UpdateA(U) returns (A) {
    option (portico.v1.method) = {
      non_atomic: true
      call: {method: "in.Api/UpdateA"}
      call: {name: "second" method: "in.Api/UpdateB" ${more}}
    };
  }`)}
  message U {
    A a = 1;
    google.protobuf.FieldMask update_mask = 2 [(portico.v1.field).to = "update_mask"];
    B b = 3 [(portico.v1.field).to = "b"];
    ${field}
  }
  message A { string x = 1; optional string y = 2 ${allow("admin")}; }
  message B { string y = 1; optional string z = 2 ${allow("boss")}; }`;
const guarded = (role: string) => `[(portico.v1.field).allow = {role: "${role}"}]`;
const echo = { "in.Api/UpdateA": () => ({}), "in.Api/UpdateB": () => ({}) };

it("are those of all calls that use the mask", async () => {
  const { run } = await gateway(TWO, two(guarded));
  const request = { a: { x: "1" }, b: { y: "2" }, updateMask: "y" };
  const denied = await run(echo, { roles: ["boss"], request });
  expect(denied.error?.code).toBe(Code.PERMISSION_DENIED);
  expect(denied.upstream.calls).toEqual([]);
  const admitted = await run(echo, { roles: ["admin"], request });
  expect(admitted.upstream.calls.map(({ request }) => request)).toEqual([
    { a: { x: "1" }, updateMask: "y" },
    { b: { y: "2" }, updateMask: "y" },
  ]);
});

it("are all fields of a message that is guarded itself", async () => {
  const { run } = await gateway(
    `${MASK} service Api { rpc UpdateA(U) returns (A); }
    message U { A a = 1; google.protobuf.FieldMask update_mask = 2; } message A { string x = 1; }`,
    `${MASK} ${service("rpc UpdateA(U) returns (A);")}
    message U { A a = 1 ${guarded("admin")}; google.protobuf.FieldMask update_mask = 2; } message A { string x = 1; }`,
  );
  const ask = async (roles: string[]) =>
    (await run(echo, { roles, request: { updateMask: "x" } })).error?.code;
  expect(await ask([])).toBe(Code.PERMISSION_DENIED);
  expect(await ask(["admin"])).toBeUndefined();
});

it("a path that one of the calls does not know is refused before anything is called", async () => {
  const free = () => "";
  const { run } = await gateway(TWO, two(free));
  for (const updateMask of ["x", "z", "y,x", "nope"]) {
    const { error, upstream } = await run(echo, { roles: [], request: { updateMask } });
    expect(error?.code, updateMask).toBe(Code.INVALID_ARGUMENT);
    expect(upstream.calls, updateMask).toEqual([]);
  }
  for (const updateMask of ["y", "*"])
    expect((await run(echo, { roles: [], request: { updateMask } })).upstream.calls).toHaveLength(2);
  // A call that is not made need not know it.
  const when = await gateway(TWO, two(free, 'when: "has(request.b)"'));
  const ask = async (request: object) => {
    const { error, upstream } = await when.run(echo, { roles: [], request: request as never });
    return error?.code ?? upstream.calls.length;
  };
  expect(await ask({ updateMask: "x" })).toBe(1);
  expect(await ask({ updateMask: "y", b: {} })).toBe(2);
});

it("are none that are output only: a mask writes nothing there", async () => {
  const { run } = await gateway(
    `${MASK} service Api { rpc UpdateA(U) returns (A); }
    message U { A a = 1; google.protobuf.FieldMask update_mask = 2; } message A { string x = 1; B in = 2; }
    message B { string x = 1; string y = 2; string z = 3; }`,
    `${MASK} ${service("rpc UpdateA(U) returns (A);")}
    message U { A a = 1; google.protobuf.FieldMask update_mask = 2; } message A { string x = 1; B in = 2; }
    message B {
      string x = 1;
      optional string y = 2 [(portico.v1.field) = {output_only: true allow: {role: "admin"}}];
      optional string z = 3 [(portico.v1.field) = {allow: {role: "boss"}}];
    }`,
  );
  const ask = async (updateMask: string, roles: string[] = []) => {
    const { error, upstream } = await run(echo, { roles, request: { updateMask } });
    return error?.code ?? (upstream.calls[0]!.request as { updateMask: string }).updateMask;
  };
  expect(await ask("in", ["boss"])).toBe("in.x,in.z");
  expect(await ask("*", ["boss"])).toBe("x,in.x,in.z");
  for (const path of ["in", "in.z", "*"])
    expect(await ask(path, ["admin"]), path).toBe(Code.PERMISSION_DENIED);
  expect(await ask("in.y", ["admin", "boss"])).toBe(Code.INVALID_ARGUMENT);
});
