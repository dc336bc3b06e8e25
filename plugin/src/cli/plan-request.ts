import type { FileRegistry } from "@bufbuild/protobuf";
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { makePlan } from "../plan/plan.js";
import type { Plan } from "../plan/types.js";
import type { DescriptorMemory } from "../source/descriptor-memory.js";
import type { Finding } from "../source/finding.js";
import { type PluginOptions, parseOptions, registryOf } from "../source/request.js";
import { type SourceTexts, sourceTexts } from "../source/text.js";

/** All that a request leads to. */
export interface Planned {
  readonly options: PluginOptions;
  readonly registry: FileRegistry;
  readonly texts: SourceTexts;
  /** Whole only where there are no findings. */
  readonly plan: Plan;
  readonly findings: readonly Finding[];
  /** The files to generate for. */
  readonly targets: readonly string[];
}

/**
 * What the plugin and the command line have in common: options, descriptors and texts to a plan. Throws an OptionError
 * where an option is wrong. Without a `root`, texts are looked up in the modules of `folder`, which buf built. With a
 * memory, descriptors that have not changed are those of the run before.
 */
export function planRequest(
  request: CodeGeneratorRequest,
  folder: string = process.cwd(),
  memory?: DescriptorMemory,
): Planned {
  const options = parseOptions(request.parameter);
  const registry = registryOf(request, options, memory);
  const texts = options.roots.length > 0 ? sourceTexts(options.roots) : sourceTexts([], folder);
  const { plan, findings } = makePlan({
    registry,
    targets: request.fileToGenerate,
    texts,
    sharedPackages: options.sharedPackages,
  });
  return { options, registry, texts, plan, findings, targets: request.fileToGenerate };
}
