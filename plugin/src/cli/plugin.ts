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
import { emitPublicModule } from "../emit/public-proto/module.js";
import { publicSurface } from "../plan/public/public-surface.js";
import { formatFinding } from "../source/finding.js";
import { OptionError } from "../source/request.js";
import { bufSection } from "../source/text.js";
import { internalError } from "./internal-error.js";
import { planRequest } from "./plan-request.js";

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
    const { options, registry, texts, plan, findings } = planRequest(request);
    if (findings.length > 0) {
      const count = findings.length === 1 ? "1 finding" : `${findings.length} findings`;
      response.error = [
        `${count}, nothing is generated`,
        ...findings.map((finding) => formatFinding(finding, texts.line)),
      ].join("\n\n");
      return response;
    }
    const files = emit(plan, options);
    if (options.publicProtos !== undefined) {
      const module = {
        folder: options.publicProtos,
        dependencies: options.publicDependencies,
        section: (name: string) => bufSection(name),
      };
      files.push(
        ...emitPublicModule(
          publicSurface(plan, {
            registry,
            targets: request.fileToGenerate,
            texts,
            sharedPackages: options.sharedPackages,
          }),
          registry,
          module,
        ),
      );
    }
    response.file = files.map((file) => ({
      $typeName: "google.protobuf.compiler.CodeGeneratorResponse.File",
      name: file.name,
      content: file.content,
      insertionPoint: "",
    }));
  } catch (error) {
    response.file = [];
    response.error =
      error instanceof OptionError
        ? `option-plugin: ${error.message}`
        : internalError(error, "protoc-gen-portico");
  }
  return response;
}
