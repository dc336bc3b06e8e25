import type { DescFile, DescService, FileRegistry } from "@bufbuild/protobuf";
import { methodRule, serviceRule } from "../source/annotations.js";
import { type Finding, sortFindings } from "../source/finding.js";
import type { SourceTexts } from "../source/text.js";
import { Context, type Place } from "./context.js";
import { checkCycles } from "./cycles.js";
import { Exposure } from "./exposure.js";
import { planMethod, type ServiceScope } from "./method.js";
import { checkFile } from "./statics.js";
import { Translators } from "./translators.js";
import type { FilePlan, MethodPlan, Plan } from "./types.js";
import { checkJoinPlaces } from "./unsupported-joins.js";

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
  const exposure = new Exposure(context);
  const translators = new Translators(context, exposure);
  const targets = new Set(input.targets);
  const publicFiles = [...input.registry.files]
    .filter((file) => targets.has(file.proto.name) && file.services.some(isPublic))
    .sort((a, b) => (a.proto.name < b.proto.name ? -1 : 1));
  if (publicFiles.length === 0) {
    context.reportAtLarge(
      "no-public-service",
      "no service is annotated, so there is nothing to generate",
      "annotate a public service with `option (portico.v1.service)`, and run the plugin with `strategy: all`",
    );
  }
  for (const file of withImports(publicFiles)) {
    if (targets.has(file.proto.name) && !exposure.isInternalFile(file)) checkFile(context, file);
  }
  const files: FilePlan[] = [];
  for (const file of publicFiles) {
    const methods: MethodPlan[] = [];
    for (const service of file.services) {
      if (!isPublic(service)) continue;
      const scope = serviceScope(context, service);
      checkPolicies(context, service);
      for (const method of service.methods) {
        if (!exposure.checkMethod(method)) continue;
        const plan = planMethod(translators, method, scope);
        if (plan !== undefined) methods.push(plan);
      }
    }
    files.push({ desc: file, methods });
  }
  translators.finish();
  checkCycles(context, translators);
  checkJoinPlaces(context, translators);
  return { plan: { files }, findings: sortFindings(context.findings) };
}

/** A service is public if it, or one of its methods, is annotated. */
function isPublic(service: DescService): boolean {
  return (
    serviceRule(service) !== undefined || service.methods.some((method) => methodRule(method) !== undefined)
  );
}

/** Files and all that they import, each once. */
function withImports(files: readonly DescFile[]): ReadonlySet<DescFile> {
  const found = new Set(files);
  for (const file of found) for (const imported of file.dependencies) found.add(imported);
  return found;
}

/** Without a policy a method is not built. Where no method has one, that is the service's one mistake. */
function checkPolicies(context: Context, desc: DescService): void {
  if (serviceRule(desc)?.allow !== undefined) return;
  const without = desc.methods.filter((method) => methodRule(method)?.allow === undefined);
  const isNone = without.length > 1 && without.length === desc.methods.length;
  for (const element of isNone ? [desc] : without) {
    context.report(
      "policy-missing",
      { element },
      `nothing says who may call ${isNone ? `the methods of ${desc.name}` : element.name}`,
      `add \`allow\` to ${isNone ? "the service or its methods" : "the method or its service"}: \`allow: {role: "viewer"}\`, or \`allow: {public: true}\` for everybody`,
    );
  }
}

function serviceScope(context: Context, desc: DescService): ServiceScope {
  const rule = serviceRule(desc);
  if (rule === undefined) return { desc, rule, home: undefined };
  const place: Place = { element: desc, path: ["from"] };
  const home = rule.from === "" ? undefined : (context.service(rule.from, place) ?? "unknown");
  return { desc, rule, home };
}
