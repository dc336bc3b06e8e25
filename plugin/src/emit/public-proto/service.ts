import { toBinary } from "@bufbuild/protobuf";
import {
  type MethodDescriptorProto,
  type MethodOptions,
  MethodOptionsSchema,
  type ServiceDescriptorProto,
  ServiceOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { join } from "./field.js";
import { optionsOf, writeOptions } from "./options.js";
import { type ProtoItem, type ProtoSource, writeItems } from "./source.js";

/** A service; undefined where it is left out. */
export function serviceItem(
  source: ProtoSource,
  service: ServiceDescriptorProto,
  path: readonly number[],
  scope: string,
): ProtoItem | undefined {
  const name = join(scope, service.name);
  if (!source.keeps(name)) return undefined;
  return {
    place: source.places.at(path),
    write(gap) {
      source.text.block([`service ${service.name}`], source.places.comments(path), gap, () => {
        const options = optionsOf(source, ServiceOptionsSchema, service.options, [...path, 3], name);
        writeOptions(source, options);
        const methods = service.method.map((method, index): ProtoItem => {
          const methodPath = [...path, 2, index];
          const place = source.places.at(methodPath);
          return { place, write: (inner) => writeMethod(source, method, methodPath, name, inner) };
        });
        writeItems(methods, { after: options.at(-1)?.place });
      });
    },
  };
}

function isEmptyMessage(options: MethodOptions): boolean {
  return toBinary(MethodOptionsSchema, options).length === 0;
}

function writeMethod(
  source: ProtoSource,
  method: MethodDescriptorProto,
  path: readonly number[],
  scope: string,
  gap: boolean,
): void {
  const type = (name: string, isStream: boolean) =>
    `${isStream ? "stream " : ""}${source.names.type(name.replace(/^\./, ""), scope)}`;
  const input = type(method.inputType, method.clientStreaming);
  const output = type(method.outputType, method.serverStreaming);
  const head = `rpc ${method.name}(${input}) returns (${output})`;
  const comments = source.places.comments(path);
  const options = optionsOf(source, MethodOptionsSchema, method.options, [...path, 4], scope);
  // `{}` without options is kept as it is; the braces of options that are left out are not.
  const isEmpty = method.options !== undefined && isEmptyMessage(method.options);
  if (options.length === 0 && !isEmpty) source.text.statement([`${head};`], comments, gap);
  else source.text.block([head], comments, gap, () => writeOptions(source, options));
}
