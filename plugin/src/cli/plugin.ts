import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
  CodeGeneratorResponse_Feature,
  CodeGeneratorResponseSchema,
  Edition,
} from "@bufbuild/protobuf/wkt";
import { emit } from "../emit/emit.js";
import { makePlan } from "../plan/plan.js";
import { formatFinding } from "../source/finding.js";
import { OptionError, parseOptions, registryOf } from "../source/request.js";
import { sourceTexts } from "../source/text.js";

/** One run of the plugin: bytes of a CodeGeneratorRequest in, bytes of a CodeGeneratorResponse out. */
export function runPlugin(request: Uint8Array): Uint8Array {
  let decoded: CodeGeneratorRequest;
  try {
    decoded = fromBinary(CodeGeneratorRequestSchema, request);
  } catch (error) {
    const response = create(CodeGeneratorResponseSchema, {
      error: `standard input is no CodeGeneratorRequest (${String(error)}): protoc-gen-portico is run by buf or protoc`,
    });
    return toBinary(CodeGeneratorResponseSchema, response);
  }
  return toBinary(CodeGeneratorResponseSchema, respond(decoded));
}

/**
 * Answers a request. Findings are the response's `error`, all of a run, sorted; no file is then written.
 *
 * Source: https://protobuf.dev/reference/other/#plugins
 */
export function respond(request: CodeGeneratorRequest): CodeGeneratorResponse {
  const response = create(CodeGeneratorResponseSchema, {
    supportedFeatures: BigInt(
      CodeGeneratorResponse_Feature.PROTO3_OPTIONAL | CodeGeneratorResponse_Feature.SUPPORTS_EDITIONS,
    ),
    minimumEdition: Edition.EDITION_PROTO2,
    maximumEdition: Edition.EDITION_2024,
  });
  try {
    const options = parseOptions(request.parameter);
    const registry = registryOf(request, options);
    const texts = sourceTexts(options.roots);
    const { plan, findings } = makePlan({
      registry,
      targets: request.fileToGenerate,
      texts,
      sharedPackages: options.sharedPackages,
    });
    if (findings.length > 0) {
      const count = findings.length === 1 ? "1 finding" : `${findings.length} findings`;
      response.error = [
        `${count}, nothing is generated`,
        ...findings.map((finding) => formatFinding(finding, texts.line)),
      ].join("\n\n");
      return response;
    }
    response.file = emit(plan, options).map((file) => ({
      $typeName: "google.protobuf.compiler.CodeGeneratorResponse.File",
      name: file.name,
      content: file.content,
      insertionPoint: "",
    }));
  } catch (error) {
    response.file = [];
    response.error = error instanceof OptionError ? `option-plugin: ${error.message}` : internalError(error);
  }
  return response;
}

/** A mistake of ours. buf shows the text to the user, who can do nothing but tell us. */
function internalError(error: unknown): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // The frames tell where, without the folders of the machine.
  const frames = error instanceof Error ? (error.stack?.match(/[\w.-]+\.[jt]s:\d+:\d+/g) ?? []) : [];
  return `internal error in protoc-gen-portico: ${what}\nplease report it, with the .proto files that show it (${frames.slice(0, 4).join(", ")})`;
}
