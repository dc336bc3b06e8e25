import type { DescFile, DescService, FileRegistry } from "@bufbuild/protobuf";
import { splitAssignment } from "../expression/split.js";
import { methodRule, serviceRule } from "../source/annotations.js";
import { type Finding, sortFindings } from "../source/finding.js";
import type { SourceTexts } from "../source/text.js";
import { checkMaxCalls } from "./budget/max-calls.js";
import { Context, type Place } from "./context.js";
import { TranslatorPlanner } from "./fields/translator-planner.js";
import { checkCycles } from "./joins/cycles.js";
import { checkDepths } from "./joins/depth.js";
import { orderJoins } from "./joins/join-order.js";
import { checkRowOrder } from "./joins/row-order.js";
import { planMethod } from "./method.js";
import type { ServiceScope } from "./method-scope.js";
import { checkPublic } from "./policy/policy.js";
import { Exposure } from "./public/exposure.js";
import { checkFile } from "./statics.js";
import type { FilePlan, MethodPlan, Plan } from "./types.js";
import { reportUnused } from "./values/lets.js";

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
  const translators = new TranslatorPlanner(context, exposure);
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
  checkFileNames(context, publicFiles);
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
      if (service.methods.length === 0) {
        context.report(
          "no-public-service",
          { element: service },
          `${service.name} has no methods, so there is nothing to generate`,
          "add a method, or remove the annotation",
        );
      }
      const before = methods.length;
      for (const method of service.methods) {
        if (!exposure.checkMethod(method)) continue;
        const plan = planMethod(translators, method, scope);
        if (plan !== undefined) methods.push(plan);
      }
      checkPublic(context, service, methods.slice(before));
      checkLets(context, scope);
    }
    files.push({ desc: file, methods });
  }
  translators.finish();
  checkCycles(context, translators);
  orderJoins(context, translators);
  checkRowOrder(context, translators);
  const methods = files.flatMap((file) => file.methods);
  checkDepths(context, translators, methods);
  checkMaxCalls(context, methods);
  return {
    plan: { files },
    findings: sortFindings(context.findings),
  };
}

/** The generated files are named as theirs are: where case does not matter, one would overwrite the other. */
function checkFileNames(context: Context, files: readonly DescFile[]): void {
  const names = new Map<string, string>();
  for (const file of files) {
    const { name } = file.proto;
    const other = names.get(name.toLowerCase());
    if (other === undefined) names.set(name.toLowerCase(), name);
    else {
      context.report(
        "file-name",
        { element: file },
        `the files generated for "${other}" and "${name}" are one where case does not matter, as on macOS and Windows`,
        "rename one of them",
      );
    }
  }
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

/** A `let` of a service is of use to one of its methods at least. Where something is wrong, it may have been. */
function checkLets(context: Context, { desc, rule, usedLets }: ServiceScope): void {
  if (context.findings.length > 0) return;
  rule?.let.forEach((text, index) => {
    const name = splitAssignment(text)?.target.value.trim() ?? "";
    if (!usedLets.has(name)) reportUnused(context, text, { element: desc, path: ["let", index] });
  });
}

function serviceScope(context: Context, desc: DescService): ServiceScope {
  const rule = serviceRule(desc);
  if (rule === undefined) return { desc, rule, home: undefined, usedLets: new Set() };
  const place: Place = { element: desc, path: ["from"] };
  const home = rule.from === "" ? undefined : (context.service(rule.from, place) ?? "unknown");
  return { desc, rule, home, usedLets: new Set() };
}
