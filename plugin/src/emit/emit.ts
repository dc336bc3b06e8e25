import { resolversOf } from "../plan/fields/resolver-uses.js";
import type { CallPlan, JoinPlan, Plan, Translator } from "../plan/types.js";
import { eachTranslator } from "../plan/walk.js";
import { ownJoins } from "./analysis.js";
import { emitFile, emitGateway, type GeneratedFile } from "./file.js";
import { EXPOSURE_FILE, exposureList, printExposure } from "./report/exposure-list.js";
import { emitResolvers } from "./resolvers/gateway-resolvers.js";

/** Prints all files of a plan. The same plan gives the same bytes. */
export function emit(plan: Plan, options: { readonly importExtension: string }): GeneratedFile[] {
  const files = plan.files.filter((file) => file.methods.length > 0);
  const upstreams = upstreamsOf(plan);
  const resolvers = emitResolvers(plan);
  const names = resolversOf(plan).map(({ name }) => name);
  const config = new Set<string>();
  const handlers = files.map((file) => emitFile(file, config));
  return [
    ...handlers,
    emitGateway(files, upstreams, options.importExtension, names, [...config].sort()),
    ...(resolvers === undefined ? [] : [resolvers]),
    { name: EXPOSURE_FILE, content: printExposure(exposureList(plan)) },
  ];
}

function upstreamsOf(plan: Plan): string[] {
  const services = new Set<string>();
  const add = (item: CallPlan | JoinPlan["lookup"]) => {
    // A resolver calls nothing by itself.
    if (item.method.service !== "") services.add(item.method.service);
  };
  for (const { mayCall } of resolversOf(plan)) for (const { service } of mayCall) services.add(service);
  for (const file of plan.files) {
    for (const method of file.methods) {
      method.calls.forEach(add);
      eachTranslator(method.translator, (translator: Translator) => {
        for (const join of ownJoins(translator)) add(join.lookup);
      });
    }
  }
  return [...services].sort();
}

export type { GeneratedFile };
