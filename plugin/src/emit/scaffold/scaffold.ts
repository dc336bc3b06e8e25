import type { DescService, FileRegistry } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { quoteText } from "../public-proto/literal.js";
import { NO_COMMENTS, ProtoText } from "../public-proto/text.js";
import { type Collected, collect, type LeftOut, type ScaffoldRoots } from "./collect.js";
import { writeEnum } from "./enum.js";
import { MessageWriter } from "./message.js";
import { pascalCase, UniqueNames } from "./names.js";
import { type ScaffoldStyle, scaffoldStyle } from "./style.js";
import { type PublicMethod, publicTypes } from "./types.js";

export interface ScaffoldOptions {
  readonly packageName: string;
  readonly sharedPackages: readonly string[];
  /** Whether the comments of internal files are kept. */
  readonly comments: boolean;
}

export interface Scaffold {
  /** The public .proto file, as `buf format` leaves it. */
  readonly text: string;
  /** What was left out, and why, for whoever asked. */
  readonly notes: readonly string[];
}

/**
 * Writes annotated public protos for internal methods, messages and enums, to start from: a copy of what is asked for
 * and all that it uses. Fields that are marked internal are left out, as is what needs a decision. The rest builds as it is.
 */
export function scaffold(roots: ScaffoldRoots, registry: FileRegistry, options: ScaffoldOptions): Scaffold {
  const notes: string[] = [];
  const { methods } = roots;
  const collected = collect(roots, registry, options.sharedPackages);
  const names = new UniqueNames();
  const services = new Map<DescService, string>();
  for (const { parent } of methods) {
    const name = pascalCase(parent.name);
    if (!services.has(parent))
      services.set(parent, names.take(name.endsWith("Service") ? name : `${name}Service`));
  }
  const types = publicTypes(methods, collected, services);
  const style = scaffoldStyle(options.packageName, options.comments);
  const body = new ProtoText();
  for (const [internal, name] of services)
    writeService(
      body,
      name,
      internal,
      types.methods.filter((method) => method.internal.parent === internal),
      style,
    );
  const writer = new MessageWriter(body, types, collected, style);
  for (const message of types.messages) writer.write(message, true);
  for (const type of types.enums) writeEnum(body, type, style, true);
  for (const message of collected.messages)
    for (const left of collected.leftOut(message)) notes.push(noteOf(left, collected));
  const text = body.toString();
  if (text.includes("(portico.v1.")) writer.imports.add("portico/v1/options.proto");
  return { text: `${header(options.packageName, [...writer.imports].sort())}${text}`, notes };
}

function noteOf({ field, why }: LeftOut, collected: Collected): string {
  const what = why ?? (collected.isOutputOnly(field) ? "output only, in a request" : "marked internal");
  const isMissed = field.presence === "required" && collected.inRequests.has(field.parent);
  return `${field.parent.typeName}.${field.name}: ${what}${isMissed ? "; requests need it: give it with `set`" : ""}`;
}

function header(packageName: string, imports: readonly string[]): string {
  const text = new ProtoText();
  text.statement(['syntax = "proto3";'], NO_COMMENTS, false);
  text.statement([`package ${packageName};`], NO_COMMENTS, true);
  imports.forEach((name, index) => {
    text.statement([`import ${quoteText(name)};`], NO_COMMENTS, index === 0);
  });
  return `${text}\n`;
}

function writeService(
  text: ProtoText,
  name: string,
  internal: DescService,
  methods: readonly PublicMethod[],
  style: ScaffoldStyle,
): void {
  text.block([`service ${name}`], style.comments(internal), true, () => {
    const rule = [
      "option (portico.v1.service) = {",
      `  from: ${quoteText(internal.typeName)}`,
      "  // Decide who may call: this is everybody with valid credentials.",
      "  allow: {authenticated: true}",
      "};",
    ];
    text.statement(rule, NO_COMMENTS, false);
    methods.forEach((method, index) => {
      writeMethod(text, method, style, index === 0);
    });
  });
}

function writeMethod(text: ProtoText, method: PublicMethod, style: ScaffoldStyle, gap: boolean): void {
  const { name, internal, input, output } = method;
  const { clientStreaming, serverStreaming } = internal.proto;
  const [from, to] = [clientStreaming, serverStreaming].map((isStream) => (isStream ? "stream " : ""));
  const head = `rpc ${name}(${from}${input.path}) returns (${to}${output.path})`;
  const comments = style.comments(internal);
  const options: string[] = [];
  if (internal.deprecated) options.push("option deprecated = true;");
  if (internal.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN)
    options.push(`option idempotency_level = ${MethodOptions_IdempotencyLevel[internal.idempotency]};`);
  if (name !== internal.name)
    options.push(`option (portico.v1.method).call = {method: ${quoteText(internal.name)}};`);
  if (options.length === 0) text.statement([`${head};`], comments, gap);
  else
    text.block([head], comments, gap, () => {
      for (const line of options) text.statement([line], NO_COMMENTS, false);
    });
}
