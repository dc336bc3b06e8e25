import type { DescService } from "@bufbuild/protobuf";
import { resolversOf } from "../plan/fields/resolver-uses.js";
import type { CallPlan, JoinPlan, Plan, Translator } from "../plan/types.js";
import { eachTranslator } from "../plan/walk.js";
import { serviceRule } from "../source/annotations.js";
import { ownJoins } from "./analysis.js";
import { emitFile, emitGateway, type GeneratedFile } from "./file.js";
import { emitResolvers } from "./gateway-resolvers.js";
import { EXPOSURE_FILE, exposureList, printExposure } from "./report/exposure-list.js";

/** Prints all files of a plan. The same plan gives the same bytes. */
export function emit(plan: Plan, options: { readonly importExtension: string }): GeneratedFile[] {
  const files = plan.files.filter((file) => file.methods.length > 0);
  const upstreams = upstreamsOf(plan);
  const resolvers = emitResolvers(plan, servicesOf(plan, upstreams));
  const names = resolversOf(plan).map(({ name }) => name);
  return [
    ...files.map((file) => emitFile(file)),
    emitGateway(files, upstreams, options.importExtension, names),
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
  for (const { service } of resolversOf(plan).length === 0
    ? []
    : plan.files.flatMap((file) => file.methods)) {
    // Resolvers can call it.
    const from = serviceRule(service)?.from ?? "";
    if (from !== "") services.add(from);
  }
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

/** The descriptors of the services that are called. */
function servicesOf(plan: Plan, names: readonly string[]): DescService[] {
  return names.map((name) => plan.service(name)!);
}

export type { GeneratedFile };
