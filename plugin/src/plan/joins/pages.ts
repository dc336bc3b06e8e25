import type { Join, Load } from "../../source/annotations.js";
import type { Field, Message } from "../../source/model.js";
import type { Context, Place } from "../context.js";
import type { PagesPlan, UpstreamMethod } from "../types.js";

/** The field of a reply that says that there is more; see https://google.aip.dev/158. */
export function nextPageToken({ output }: UpstreamMethod): Field | undefined {
  return textField(output, "next_page_token");
}

/** How the pages of a reply are followed; reports where the method has none. */
export function planPages(
  context: Context,
  rule: Join | Load,
  method: UpstreamMethod,
  ask: ReadonlyArray<readonly Field[]>,
  place: Place,
): PagesPlan | undefined | "broken" {
  const max = "maxPages" in rule ? rule.maxPages : 0;
  if (max <= 1) return undefined;
  const at: Place = { ...place, path: [...place.path!, "max_pages"] };
  const token = textField(method.input, "page_token");
  const missing =
    token === undefined
      ? ([method.input, "page_token"] as const)
      : ([method.output, "next_page_token"] as const);
  if (token === undefined || nextPageToken(method) === undefined) {
    context.report(
      "join-pages",
      at,
      `${method.name} has no pages: ${missing[0].typeName} has no string "${missing[1]}"`,
      "remove `max_pages`",
    );
    return "broken";
  }
  if (ask.some((path) => path[0] === token)) {
    context.report(
      "join-pages",
      at,
      `"page_token" is where the key goes, and cannot ask for the next page too`,
      "ask for the key elsewhere, or remove `max_pages`",
    );
    return "broken";
  }
  return { max, ask: token };
}

function textField(message: Message, name: string): Field | undefined {
  const field = message.byName.get(name);
  const isText =
    field?.cardinality === "singular" && field.type.kind === "scalar" && field.type.scalar === "string";
  return isText ? field : undefined;
}
