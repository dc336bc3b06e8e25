import { expect, it } from "vitest";
import { int, len } from "../../runtime/src/wire/bytes.test.support.js";
import { compile, load } from "../support/compile.js";
import { FakeUpstream, invoke } from "../support/invoke.js";

const compiled = compile({
  "internal.proto": `edition = "2024"; package in;
    service S { rpc Put(Box) returns (Empty); }
    message Empty {}
    enum Size { SIZE_ZERO = 0; SIZE_ONE = 1; }
    message Box { Inside inside = 1; }
    message Inside { repeated Size sizes = 1; }`,
  "public.proto": `edition = "2024"; package pub;
    import "portico/v1/options.proto";
    service Api {
      option (portico.v1.service) = { from: "in.S" allow: {public: true} };
      rpc Put(Box) returns (Empty);
    }
    message Empty {}
    enum Size { option features.enum_type = CLOSED; SIZE_ZERO = 0; SIZE_ONE = 7; }
    message Box { repeated Size sizes = 3 [(portico.v1.field).to = "inside.sizes"]; }`,
});

it.each([
  ["none", [], {}],
  ["an empty list", len(3, []), {}],
  ["a number that the closed enum does not have", int(3, 5), {}],
  ["such numbers in a list", len(3, [5, 6]), {}],
  ["one that it has", [...int(3, 5), ...int(3, 7)], { inside: { sizes: ["SIZE_ONE"] } }],
])("%s: the message around the list is there only where the list is", async (_, bytes, request) => {
  const upstream = new FakeUpstream(compiled.registry, { "in.S/Put": () => ({}) });
  await invoke(await load(compiled), upstream, "pub.Api/Put", Uint8Array.from(bytes));
  expect(upstream.calls[0]!.request).toEqual(request);
});
