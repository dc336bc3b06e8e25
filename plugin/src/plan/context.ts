import type { DescFile, DescMethod, DescService, FileRegistry } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Effect, fieldRule, serviceRule } from "../source/annotations.js";
import type { Finding } from "../source/finding.js";
import { type Annotated, type Aspect, locate, type OptionPath, type Part } from "../source/locate.js";
import { type Field, messageOf } from "../source/model.js";
import type { SourceTexts } from "../source/text.js";
import { nearest, suggestion } from "./names.js";
import type { RuleId } from "./rules.js";
import type { UpstreamMethod } from "./types.js";

/** Where in the annotations something is said: an element, an option of it, a part of the option's string. */
export interface Place {
  readonly element: Annotated;
  readonly path?: OptionPath;
  readonly part?: Part;
  readonly aspect?: Aspect;
}

/** What resolving shares: the descriptors, and the findings so far. */
export class Context {
  readonly findings: Finding[] = [];

  constructor(
    readonly registry: FileRegistry,
    readonly texts: SourceTexts,
    /** Packages whose messages may stand in public and internal files alike. */
    readonly sharedPackages: readonly string[],
  ) {}

  report(id: RuleId, place: Place, message: string, fix: string): void {
    const { element, path, part, aspect } = place;
    this.findings.push({ id, ...locate(this.texts, element, path, part, aspect), message, fix });
  }

  /** Reports what is about no place in particular. */
  reportAtLarge(id: RuleId, message: string, fix: string): void {
    this.findings.push({ id, file: "", line: 0, column: 0, endLine: 0, endColumn: 0, message, fix });
  }

  /** Whether the types of a file may stand in public and internal files alike. */
  isShared(file: DescFile): boolean {
    const name = file.proto.package;
    return this.sharedPackages.some((shared) => name === shared || name.startsWith(`${shared}.`));
  }

  /** Finds "pkg.Service/Method", or "Method" in `home`, which joins have "none" of. Reports what is wrong. */
  upstreamMethod(
    name: string,
    home: DescService | undefined | "unknown" | "none",
    place: Place,
  ): UpstreamMethod | undefined {
    const slash = name.lastIndexOf("/");
    if (name.startsWith("/")) {
      this.report(
        "syntax",
        slash === 0 ? place : { ...place, part: { start: 0, end: 1 } },
        `"${name}" begins with a slash`,
        `write it without the leading slash: "${name.slice(1)}"`,
      );
      return undefined;
    }
    let service: DescService | undefined;
    if (slash < 0 && this.#isDotted(name, place)) return undefined;
    if (slash >= 0) {
      service = this.service(name.slice(0, slash), { ...place, part: { start: 0, end: slash } });
      if (service === undefined) return undefined;
    } else {
      // A `from` that is wrong has its own finding.
      if (home === "unknown") return undefined;
      if (home === undefined || home === "none") {
        const written = `write "package.Service/${name || "Method"}"`;
        this.report(
          "method-ambiguous",
          place,
          `"${name}" does not say of which service`,
          home === "none" ? written : `${written}, or give the public service a \`from\``,
        );
        return undefined;
      }
      service = home;
    }
    const short = name.slice(slash + 1);
    const method = service.methods.find((m) => m.name === short);
    if (method === undefined) {
      this.report(
        "method-unknown",
        short === "" ? place : { ...place, part: { start: slash + 1, end: name.length } },
        `${service.typeName} has no method "${short}"`,
        suggestion(
          short,
          service.methods.map((m) => m.name),
          `its methods: ${list(service.methods.map((m) => m.name))}`,
        ),
      );
      return undefined;
    }
    return this.describe(method);
  }

  /** Reports "pkg.Service.Method", where a service that is there is followed by a dot in place of the slash. */
  #isDotted(name: string, place: Place): boolean {
    const dot = name.lastIndexOf(".");
    const service = this.registry.getService(name.slice(0, Math.max(0, dot)));
    if (service === undefined) return false;
    const candidates = service.methods.map((method) => `${service.typeName}/${method.name}`);
    const short = name.slice(dot + 1);
    const near = nearest(
      short,
      service.methods.map((method) => method.name),
    ).map((method) => `${service.typeName}/${method}`);
    this.report(
      "syntax",
      { ...place, part: { start: dot, end: dot + 1 } },
      `"${name}" has a dot between service and method`,
      suggestion(`${service.typeName}/${short}`, near, `its methods: ${list(candidates)}`),
    );
    return true;
  }

  readonly #missingPackages = new Set<string>();

  /** A package that is not there is one mistake, however many annotations name it. */
  #reportMissingPackage(packageName: string, files: readonly DescFile[], place: Place): void {
    if (this.#missingPackages.has(packageName)) return;
    this.#missingPackages.add(packageName);
    const known = files.filter((file) => file.services.some((s) => serviceRule(s) === undefined));
    const [similar] = nearest(
      packageName,
      known.map((file) => file.proto.package),
    );
    const guess = similar === undefined ? "" : `did you mean "${similar}"? Or else `;
    this.report(
      "service-unknown",
      place,
      `no package "${packageName}" in the workspace`,
      `${guess}add the module with its .proto files to buf.yaml (and \`strategy: all\` to the plugin in buf.gen.yaml), or pass an image of \`buf build\` with the option internal=FILE`,
    );
  }

  /** A service is named with its package. */
  #reportShortName(name: string, files: readonly DescFile[], place: Place): void {
    const services = files
      .flatMap((file) => file.services)
      .filter((service) => serviceRule(service) === undefined);
    const named = services.filter((service) => service.name === name).map(({ typeName }) => `"${typeName}"`);
    const [similar] = nearest(
      name,
      services.map((service) => service.name),
    );
    const guesses =
      named.length > 0
        ? named
        : services.filter((service) => service.name === similar).map(({ typeName }) => `"${typeName}"`);
    const known = services.map((service) => service.typeName);
    this.report(
      "service-unknown",
      place,
      `no service "${name}" in the workspace`,
      guesses.length > 0
        ? `did you mean ${guesses.slice(0, 3).join(" or ")}?`
        : `write its full name, with its package; services: ${list(known)}`,
    );
  }

  /** Finds an internal service. Reports what is wrong. */
  service(name: string, place: Place): DescService | undefined {
    const service = this.registry.getService(name);
    if (service !== undefined) {
      if (serviceRule(service) === undefined) return service;
      this.report(
        "service-unknown",
        place,
        `${name} is a public service, and what is called stands behind the gateway`,
        "name an internal service",
      );
      return undefined;
    }
    const packageName = name.slice(0, Math.max(0, name.lastIndexOf(".")));
    const files = [...this.registry.files];
    if (packageName === "") {
      this.#reportShortName(name, files, place);
      return undefined;
    }
    if (!files.some((file) => file.proto.package === packageName)) {
      this.#reportMissingPackage(packageName, files, place);
      return undefined;
    }
    const internal = files.flatMap((file) => file.services.filter((s) => serviceRule(s) === undefined));
    this.report(
      "service-unknown",
      place,
      `no service "${name}" in the workspace`,
      suggestion(
        name,
        internal.map((s) => s.typeName),
        `services of ${packageName}: ${list(internal.filter((s) => s.file.proto.package === packageName).map((s) => s.typeName))}`,
      ),
    );
    return undefined;
  }

  describe(method: DescMethod): UpstreamMethod {
    return {
      service: method.parent.typeName,
      name: method.name,
      kind: method.methodKind,
      effect: effectOf(method),
      input: messageOf(method.input),
      output: messageOf(method.output),
    };
  }
}

const READS = /^(Get|List|BatchGet|BatchList|Search|Count|Lookup)(?![a-z])/;

function effectOf(method: DescMethod): UpstreamMethod["effect"] {
  switch (method.idempotency) {
    case MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS:
      return "READ";
    case MethodOptions_IdempotencyLevel.IDEMPOTENT:
      return "IDEMPOTENT";
    default:
      return READS.test(method.name) ? "READ" : "WRITE";
  }
}

/** The effect that an annotation says, or else the method's. */
export function effectSaid(effect: Effect, method: UpstreamMethod): UpstreamMethod["effect"] {
  switch (effect) {
    case Effect.READ:
      return "READ";
    case Effect.IDEMPOTENT:
      return "IDEMPOTENT";
    case Effect.WRITE:
      return "WRITE";
    default:
      return method.effect;
  }
}

/** Whether an internal field is marked as never to be exposed. */
export function isMarkedInternal(field: Field): boolean {
  const { desc } = field;
  if (desc === undefined) return false;
  return desc.proto.options?.debugRedact === true || fieldRule(desc)?.internal === true;
}

/** "a", "b" and "c"; at most eight. */
export function list(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const all = [...new Set(names)];
  const shown = all.slice(0, 8).map((name) => `"${name}"`);
  if (all.length > 8) shown.push("…");
  return shown.join(", ");
}
