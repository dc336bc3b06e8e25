import { type Load, messageRule } from "../../source/annotations.js";
import { type Message, messageOf } from "../../source/model.js";
import { type Context, list, type Place } from "../context.js";
import { suggestion } from "../names.js";

/** Reports two loads of one name. */
export function checkLoads(context: Context, target: Message): void {
  const loads = target.desc === undefined ? [] : (messageRule(target.desc)?.load ?? []);
  const names = new Set<string>();
  loads.forEach((load, index) => {
    if (names.has(load.name)) {
      context.report(
        "load-duplicate",
        { element: target.desc!, path: load.name === "" ? ["load", index] : ["load", index, "name"] },
        load.name === "" ? "two loads without a name" : `two loads with the name "${load.name}"`,
        "give one of them another name",
      );
    }
    names.add(load.name);
  });
}

/** A load, and the message that declares it. */
export interface LoadFound {
  readonly load: Load;
  readonly message: Message;
  readonly index: number;
}

/** Finds "User" or "User.by_owner", relative to where it is used. */
export function findLoad(
  context: Context,
  name: string,
  home: Message,
  place: Place,
  loadName?: string,
): LoadFound | undefined {
  const candidates: Array<[message: string, load: string]> =
    loadName === undefined ? [[name, ""]] : [[home.typeName, loadName]];
  const dot = name.lastIndexOf(".");
  if (loadName === undefined && dot > 0) candidates.push([name.slice(0, dot), name.slice(dot + 1)]);
  for (const [messageName, wanted] of candidates) {
    const message = findMessage(context, messageName, home);
    if (message?.desc === undefined) continue;
    const loads = messageRule(message.desc)?.load ?? [];
    const index = loads.findIndex((load) => load.name === wanted);
    if (index >= 0) return { load: loads[index]!, message, index };
    if (loadName === undefined && wanted === "" && candidates.length > 1) continue;
    const names = loads.map((load) => load.name);
    const start = name.length - wanted.length;
    context.report(
      "load-unknown",
      loadName === undefined && wanted !== "" ? { ...place, part: { start, end: name.length } } : place,
      loads.length === 0
        ? `${message.typeName} has no load`
        : wanted === ""
          ? `${message.typeName} has no load without a name`
          : `${message.typeName} has no load "${wanted}"`,
      loads.length === 0
        ? "say in the message how it is fetched: `option (portico.v1.message).load = {…}`"
        : wanted === ""
          ? `name the one that is meant: ${list(names)}`
          : suggestion(wanted, names, `its loads: ${list(names)}`),
    );
    return undefined;
  }
  context.report(
    "load-unknown",
    place,
    `no message "${name}" with a load`,
    suggestion(name, loadable(context), "write the name of a public message that has a `load`"),
  );
  return undefined;
}

function findMessage(context: Context, name: string, home: Message): Message | undefined {
  // As in .proto files: the innermost scope first.
  const scopes = home.typeName.split(".");
  for (let n = scopes.length; n >= 0; n--) {
    const desc = context.registry.getMessage([...scopes.slice(0, n), name].join("."));
    if (desc !== undefined) return messageOf(desc);
  }
  return undefined;
}

/** The messages that have a load, by their full and their short names. */
function loadable(context: Context): string[] {
  const names: string[] = [];
  for (const type of context.registry) {
    if (type.kind === "message" && messageRule(type)?.load.length) names.push(type.typeName, type.name);
  }
  return names;
}
