import type { CallPlan, JoinPlan, Plan, Translator } from "../plan/types.js";
import { eachTranslator } from "../plan/walk.js";
import { ownJoins } from "./analysis.js";
import { emitFile, emitGateway, type GeneratedFile } from "./file.js";
import { EXPOSURE_FILE, exposureList, printExposure } from "./report/exposure-list.js";

/** Prints all files of a plan. The same plan gives the same bytes. */
export function emit(plan: Plan, options: { readonly importExtension: string }): GeneratedFile[] {
  const files = plan.files.filter((file) => file.methods.length > 0);
  return [
    ...files.map((file) => emitFile(file)),
    emitGateway(files, upstreamsOf(plan), options.importExtension),
    { name: EXPOSURE_FILE, content: printExposure(exposureList(plan)) },
  ];
}

function upstreamsOf(plan: Plan): string[] {
  const services = new Set<string>();
  const add = (item: CallPlan | JoinPlan["lookup"]) => services.add(item.method.service);
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
