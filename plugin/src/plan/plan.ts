import type { DescFile, DescMessage, DescService, FileRegistry } from "@bufbuild/protobuf";
import { messageRule, methodRule, serviceRule } from "../source/annotations.js";
import { type Finding, sortFindings } from "../source/finding.js";
import type { SourceTexts } from "../source/text.js";
import { Context, type Place } from "./context.js";
import { checkJoinCycles } from "./cycles.js";
import { planMethod, type ServiceScope } from "./method.js";
import { Translators } from "./translators.js";
import type { FilePlan, MethodPlan, Plan } from "./types.js";

export interface PlanInput {
  /** All files: public and internal ones, and what they import. */
  readonly registry: FileRegistry;
  /** The names of the files to generate for, as in descriptors. */
  readonly targets: readonly string[];
  readonly texts: SourceTexts;
  readonly sharedPackages: readonly string[];
}

/** Resolves all annotations into one plan; `findings` is empty exactly when the plan can be generated. */
export function makePlan(input: PlanInput): { plan: Plan; findings: Finding[] } {
  const context = new Context(input.registry, input.texts, input.sharedPackages);
  const translators = new Translators(context);
  const targets = new Set(input.targets);
  const publicFiles = [...input.registry.files]
    .filter((file) => targets.has(file.proto.name) && file.services.some(isPublic))
    .sort((a, b) => (a.proto.name < b.proto.name ? -1 : 1));
  if (publicFiles.length === 0) {
    const file = [...input.registry.files].find((f) => targets.has(f.proto.name));
    if (file !== undefined) {
      context.report(
        "no-public-service",
        { element: file },
        "no service is annotated, so there is nothing to generate",
        "annotate a public service with `option (portico.v1.service)`, and run the plugin with `strategy: all`",
      );
    }
  }
  const internal = internalFiles(input.registry);
  translators.isInternal = (message) => internal.has(message.file);
  const files: FilePlan[] = [];
  for (const file of publicFiles) {
    const methods: MethodPlan[] = [];
    for (const service of file.services) {
      if (!isPublic(service)) continue;
      const scope = serviceScope(context, service);
      for (const method of service.methods) {
        const plan = planMethod(translators, method, scope);
        if (plan !== undefined) methods.push(plan);
      }
    }
    files.push({ desc: file, methods });
  }
  translators.finish();
  checkJoinCycles(context, translators);
  return { plan: { files }, findings: sortFindings(context.findings) };
}

/** A service is public if it, or one of its methods, is annotated. */
function isPublic(service: DescService): boolean {
  return (
    serviceRule(service) !== undefined || service.methods.some((method) => methodRule(method) !== undefined)
  );
}

function serviceScope(context: Context, desc: DescService): ServiceScope {
  const rule = serviceRule(desc);
  if (rule === undefined) return { desc, rule, home: undefined };
  if (rule.let.length > 0) {
    context.report(
      "not-supported-yet",
      { element: desc, path: ["let", 0] },
      "`let` of a service is not supported yet",
      "remove it",
    );
  }
  const place: Place = { element: desc, path: ["from"] };
  const home = rule.from === "" ? undefined : (context.service(rule.from, place) ?? "unknown");
  return { desc, rule, home };
}

/** The files of the services that annotations name, and all that these files import: what clients must not see. */
function internalFiles(registry: FileRegistry): ReadonlySet<DescFile> {
  const named = new Set<string>();
  const note = (method: string) => {
    const slash = method.lastIndexOf("/");
    if (slash > 0) named.add(method.slice(0, slash));
  };
  const visitMessage = (message: DescMessage): void => {
    const rule = messageRule(message);
    for (const join of rule?.join ?? []) note(join.method);
    for (const load of rule?.load ?? []) note(load.method);
    for (const nested of message.nestedMessages) visitMessage(nested);
  };
  for (const file of registry.files) {
    for (const service of file.services) {
      named.add(serviceRule(service)?.from ?? "");
      for (const method of service.methods)
        for (const call of methodRule(method)?.call ?? []) note(call.method);
    }
    for (const message of file.messages) visitMessage(message);
  }
  const files = new Set<DescFile>();
  const add = (file: DescFile): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const dependency of file.dependencies) add(dependency);
  };
  for (const name of named) {
    const service = registry.getService(name);
    if (service !== undefined) add(service.file);
  }
  return files;
}
