import { type Place, placesIn, placesInside } from "../../plan/budget/places.js";
import type { CallPlan, FieldPolicyPlan, JoinPlan, ResolverSetPlan, Translator } from "../../plan/types.js";
import { hasOwnWalk, translatorsIn } from "../../plan/walk.js";
import { ownJoins, type Site, scanReadsOf, scanRows, sitesOf } from "../analysis.js";
import { type Code, quote } from "../code.js";
import type { FileScope } from "../file-scope.js";
import { camel, type Names } from "../names.js";
import { scanRowFunction } from "../translator/functions.js";
import { joinErrors } from "./call-options.js";
import { lookupConstant } from "./lookup.js";
import type { MaskedRows } from "./masked-paths.js";
import { neededCondition } from "./needed.js";

/** What the handler around it knows. */
export interface Handler {
  /** The call of the function that writes a request. */
  readonly request: (translator: Translator) => string;
  /** The variable that holds the reply of a call. */
  readonly reply: (call: CallPlan) => string;
  /** What the client wants of the response, where it can say so. */
  readonly mask?: { readonly variable: string; readonly response: Translator } | undefined;
  /** What resolvers run in. */
  readonly resolving: (sets: readonly ResolverSetPlan[]) => string;
}

/** The rows of one join at one place: a variable in the handler. */
interface RowsNode {
  readonly join: JoinPlan;
  readonly owner: Translator;
  /** Where its message stands in the response. */
  readonly places: readonly Place[];
  readonly variable: string;
  /** How many fetches come before it, one after the other. */
  readonly depth: number;
  /** The rows whose calls it shares. */
  readonly sibling: RowsNode | undefined;
  /** Whether it stands in what other joins find. */
  readonly isInside: boolean;
  /** Of the fields that it stands in, where these are made from found rows: who may have them. */
  readonly around: readonly FieldPolicyPlan[];
  /** The joins inside its found rows. */
  readonly inside: readonly Inside[];
}

interface Inside {
  readonly site: Site;
  readonly collect: readonly JoinPlan[];
  readonly joins: readonly RowsNode[];
  readonly after: readonly RowsNode[];
  /** The rows that the walk is given. */
  readonly walked: readonly RowsNode[];
}

/** Prints the `Rows` of a handler: one for each join at each place where it stands. */
export class RowsEmitter {
  readonly #nodes = new Map<JoinPlan, RowsNode>();

  constructor(
    readonly file: FileScope,
    readonly code: Code,
    readonly names: Names,
    readonly handler: Handler,
  ) {}

  /** Plans joins whose keys are gathered in one walk over `start`: those that fetch the same way share their calls. */
  plan(start: Translator, joins: readonly JoinPlan[]): void {
    const together = new Map<string, RowsNode>();
    const places = placesIn(start, undefined);
    for (const join of joins)
      this.#nodes.set(join, this.#node([start], join, 0, together, places.get(join) ?? [], []));
  }

  variable(join: JoinPlan): string {
    return this.#nodes.get(join)!.variable;
  }

  /** The calls whose replies the walks over found rows read. */
  readsInside(join: JoinPlan): CallPlan[] {
    const visit = (node: RowsNode): CallPlan[] =>
      node.inside.flatMap(({ site, collect, joins }) => [
        ...scanReadsOf(translatorsIn(site.field.conversion), collect).calls,
        ...joins.flatMap(visit),
      ]);
    return visit(this.#nodes.get(join)!);
  }

  declare(join: JoinPlan): void {
    this.#declare(this.#nodes.get(join)!);
  }

  #declare(node: RowsNode): void {
    const { code, file } = this;
    const { join, variable, sibling } = node;
    const options: string[] = [];
    if (join.onMissing !== "empty") options.push(`onMissing: ${quote(join.onMissing)}`);
    const errors = joinErrors(file, join, node.places);
    if (errors !== undefined) options.push(`onError: ${errors}`);
    const needed = neededCondition(file, node.owner, join, node.around, this.#masked(node));
    if (needed !== undefined) options.push(`needed: ${needed}`);
    const { set } = join.lookup;
    if (set !== undefined && sibling === undefined)
      options.push(`set: call.encode((w) => ${this.handler.request(set)})`);
    const { resolver } = join.lookup;
    if (resolver !== undefined) options.push(`resolving: ${this.handler.resolving(resolver.sets)}`);
    if (join.use === "many" && !join.keyList && node.inside.length > 0) options.push("many: true");
    const object = options.length === 0 ? "" : `{ ${options.join(", ")} }`;
    if (sibling !== undefined) code.line(`const ${variable} = ${sibling.variable}.sibling(${object});`);
    else {
      const all = [lookupConstant(file, join.lookup), object].filter((argument) => argument !== "");
      code.line(`const ${variable} = new ${file.use("Rows")}(${all.join(", ")});`);
    }
    for (const inside of node.inside) {
      for (const inner of inside.joins) this.#declare(inner);
      this.#declareInside(node, inside);
    }
  }

  #masked({ places, isInside }: RowsNode): MaskedRows | undefined {
    const { mask } = this.handler;
    return mask === undefined ? undefined : { ...mask, places, isInside };
  }

  #declareInside(node: RowsNode, { site, collect, joins, after, walked }: Inside): void {
    const scan = scanRowFunction(this.file, node.owner, site.field, collect);
    const reads = scanReadsOf(translatorsIn(site.field.conversion), collect);
    const all = [
      "row",
      ...reads.calls.map((call) => this.handler.reply(call)),
      ...(reads.request ? ["input"] : []),
      ...(reads.auth ? ["call"] : []),
      ...walked.map((inner) => inner.variable),
    ];
    const names = (nodes: readonly RowsNode[]) => `[${nodes.map((inner) => inner.variable).join(", ")}]`;
    this.code.line(
      `${node.variable}.inside(${names(joins)}, ${names(after)}, (row) => ${scan}(${all.join(", ")}));`,
    );
  }

  /**
   * `together`: the first rows of those that are fetched together, by how deep they stand and how they are fetched. Rows
   * of one depth never wait for each other.
   */
  #node(
    starts: readonly Translator[],
    join: JoinPlan,
    depth: number,
    together: Map<string, RowsNode>,
    places: readonly Place[],
    around: readonly FieldPolicyPlan[],
    isInside = false,
  ): RowsNode {
    const owner = ownerOf(starts, join);
    const variable = this.names.unique(camel(join.name));
    const key = `${depth} ${this.#fetchKey(join)}`;
    const sibling = together.get(key);
    const inside: Inside[] = [];
    const node: RowsNode = { join, owner, places, variable, depth, sibling, isInside, around, inside };
    if (sibling === undefined) together.set(key, node);
    const found = placesInside(join, places);
    for (const [index, site] of sitesOf(owner, join).entries()) {
      const own = new Map<JoinPlan, RowsNode>();
      const inner = translatorsIn(site.field.conversion);
      const { allow } = site.field;
      const within = allow === undefined ? around : [...around, allow];
      for (const { joins, after } of site.groups) {
        const below = 1 + Math.max(depth, ...after.map((one) => own.get(one)!.depth));
        for (const one of joins)
          own.set(one, this.#node(inner, one, below, together, found[index]?.get(one) ?? [], within, true));
        inside.push({
          site,
          collect: joins,
          joins: joins.map((one) => own.get(one)!),
          after: after.map((one) => own.get(one)!),
          walked: scanRows(inner, joins).map((one) => own.get(one)!),
        });
      }
    }
    return node;
  }

  /** Equal for joins that ask the same method in the same way, with the same arguments. */
  #fetchKey({ lookup }: JoinPlan): string {
    const set = lookup.set === undefined ? "" : this.handler.request(lookup.set);
    return `${lookupConstant(this.file, lookup)} ${set}`;
  }
}

/** The translator, among those of one walk, that a join belongs to. */
function ownerOf(starts: readonly Translator[], join: JoinPlan): Translator {
  const seen = new Set<Translator>();
  const go = (translator: Translator): Translator | undefined => {
    if (seen.has(translator)) return undefined;
    seen.add(translator);
    if (ownJoins(translator).includes(join)) return translator;
    for (const field of translator.fields) {
      if (hasOwnWalk(field)) continue;
      for (const inner of translatorsIn(field.conversion)) {
        const found = go(inner);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
  for (const start of starts) {
    const found = go(start);
    if (found !== undefined) return found;
  }
  throw new Error(`no owner of ${join.name}`);
}
