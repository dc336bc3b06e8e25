import type { DescField } from "@bufbuild/protobuf";
import type { FieldRule } from "../../source/annotations.js";
import { messageOf } from "../../source/model.js";
import { type Context, list } from "../context.js";
import { suggestion } from "../names.js";
import { directionsOf } from "../public/directions.js";
import { joinsBelow } from "./depth.js";

/** Reports joins that a field skips, and that are not below it. */
export function checkSkips(context: Context, rule: FieldRule, desc: DescField): boolean {
  const owner = messageOf(desc.parent);
  const field = owner.byName.get(desc.name)!;
  const what =
    field.type.kind !== "message"
      ? `"${desc.name}" holds no message, so there are no joins below it`
      : rule.unset
        ? `"${desc.name}" is \`unset\`, so there are no joins below it`
        : isAskedOnly(context, desc)
          ? `${desc.parent.name} stands in requests alone, and nothing is joined there`
          : undefined;
  if (what !== undefined) {
    context.report("field-conflict", { element: desc, path: ["skip", 0] }, what, "remove the `skip`");
    return false;
  }
  const joins = joinsBelow(context, field);
  if (joins === "any") return true;
  const names = new Set([...joins].map((id) => id.slice(id.lastIndexOf(".") + 1)));
  let fine = true;
  rule.skip.forEach((name, index) => {
    if (names.has(name)) return;
    fine = false;
    context.report(
      "skip-unknown",
      { element: desc, path: ["skip", index] },
      `no join "${name}" below "${desc.name}"`,
      suggestion(name, names, names.size === 0 ? "remove it" : `joins below it: ${list([...names])}`),
    );
  });
  return fine;
}

function isAskedOnly(context: Context, desc: DescField): boolean {
  const { request, response } = directionsOf(context);
  const owner = messageOf(desc.parent);
  return request.has(owner) && !response.has(owner);
}
