import type { DescEnum, DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import type { Checked } from "../expression/checked.js";
import type { CelType } from "../expression/types.js";
import type { Field, Message, Scalar } from "../source/model.js";
import type { Budget } from "./budget/types.js";

/**
 * The plan: all annotations, resolved. It says what is called, in which order, what is joined by which key, and where
 * each public value comes from. Everything that is generated is printed from it; nothing after it decides anything.
 */
export interface Plan {
  readonly files: readonly FilePlan[];
}

/** A public .proto file with services. */
export interface FilePlan {
  readonly desc: DescFile;
  readonly methods: readonly MethodPlan[];
}

export type StreamKind = DescMethod["methodKind"];

export interface MethodPlan {
  readonly desc: DescMethod;
  readonly service: DescService;
  readonly kind: StreamKind;
  readonly policy: PolicyPlan;
  readonly timeoutMs: number;
  readonly request: Message;
  readonly response: Message;
  /** In the order in which they are written. */
  readonly calls: readonly CallPlan[];
  /** Conditions on what is loaded. */
  readonly ensures: readonly EnsurePlan[];
  /** public response <- calls, joins; without fields where a resolver makes it */
  readonly translator: Translator;
  /** The hand-written function that makes the response, once all calls have answered. */
  readonly resolver?: MethodResolverPlan;
  /** Whether the public request has to be walked before anything is called, since no translation reads all of it. */
  readonly checkRequest: boolean;
  /** Of a stream of requests: whether its call waits for the first one, and whether other things read it. */
  readonly firstRequest: "unread" | "awaited" | "read";
  /** The field of the request that says which fields of the response are wanted. */
  readonly readMask: Field | undefined;
  /** The request fields that not everybody who may call may set. */
  readonly guards: Guards;
  /** What the Anys of the request may hold. */
  readonly anys: AnyMessages;
  /** Whether hand-written functions may read the request: so nothing else refuses what its Anys may not hold. */
  readonly isReadByHand: boolean;
  /** How many upstream calls it makes, and what waits for what. */
  readonly budget: Budget;
  /** The upstream calls that a request may make (of a stream: a message), where the author says so. */
  readonly maxCalls: number | undefined;
}

export type PolicyPlan =
  | { readonly kind: "public" }
  | { readonly kind: "authenticated"; readonly when?: Expression }
  | {
      readonly kind: "granted";
      readonly roles: readonly string[];
      readonly scopes: readonly string[];
      readonly when?: Expression;
    };

/** Who may read and set a field: what its own `allow` says, which narrows that of the method. */
export type FieldPolicyPlan = Exclude<PolicyPlan, { readonly kind: "public" }>;

/** The request fields that not everybody who may call a method may set. */
export type Guards = ReadonlyMap<Field, FieldPolicyPlan>;

/** The messages that the Anys in a public request may hold. */
export type AnyMessages = ReadonlyMap<Field, ReadonlySet<Message>>;

/** A condition on what a method has loaded: where it does not hold, the method is denied. */
export interface EnsurePlan {
  readonly that: Expression;
  /** Of the denial, by name. */
  readonly code: string;
  /** The text of the denial; undefined: that of its code. */
  readonly message: string | undefined;
  /** What it reads. */
  readonly after: ReadonlySet<CallPlan>;
  readonly joins: ReadonlySet<JoinPlan>;
}

/** A method of an internal service. */
export interface UpstreamMethod {
  readonly service: string;
  readonly name: string;
  readonly kind: StreamKind;
  readonly effect: "READ" | "IDEMPOTENT" | "WRITE";
  readonly input: Message;
  readonly output: Message;
}

/** One upstream RPC of a public method. */
export interface CallPlan {
  /** "source" for the call without a name. */
  readonly name: string;
  readonly unnamed: boolean;
  readonly method: UpstreamMethod;
  readonly effect: "READ" | "IDEMPOTENT" | "WRITE";
  readonly timeoutMs: number | undefined;
  /** Made only if this is true. */
  readonly when?: Expression;
  /** The rows that its response may have: elements of lists and maps that the public response is made from. */
  readonly maxRows: number;
  /** What becomes of its errors: the first that fits. */
  readonly onError: readonly ErrorRulePlan[];
  /** upstream request <- public request, auth, results of other calls */
  readonly request: Translator;
  /** Of a stream of requests, whose first one alone gets what is `set`: the same for the others, where it differs. */
  readonly nextRequest: Translator | undefined;
  /** What its name stands for. */
  readonly result: Value;
  /** The calls that must have answered before it starts: those it reads, and those that its effect orders it after. */
  readonly after: ReadonlySet<CallPlan>;
}

/** What becomes of an error of an upstream. */
export interface ErrorRulePlan {
  /** The number of the code that the upstream gives; undefined: any. */
  readonly code: number | undefined;
  /** "empty": what is made from the answer stays unset. "drop": the rows that need it are left out. */
  readonly outcome: "fail" | "empty" | "drop";
  /** Taken only if this is true. */
  readonly when: Expression | undefined;
  /** The code and the text that the client gets, where they are said. */
  readonly as: number | undefined;
  readonly message: string | Expression | undefined;
}

/** Where a value starts from. */
export type Root =
  /** The message that the translator reads. */
  | { readonly kind: "source"; readonly message: Message }
  /** The reply of a call. */
  | { readonly kind: "call"; readonly call: CallPlan }
  /** A found row of a join of the message that is written. */
  | { readonly kind: "join"; readonly join: JoinPlan }
  /** The public request. */
  | { readonly kind: "request"; readonly message: Message }
  /** The principal: "subject", or a path of claims. */
  | { readonly kind: "auth"; readonly claim: readonly string[] }
  /** The source of the message around the one that is written. */
  | { readonly kind: "parent"; readonly message: Message }
  /** The message that is written: its finished public fields. */
  | { readonly kind: "this"; readonly message: Message }
  /** Who calls, and what the gateway was given: only expressions read them. */
  | { readonly kind: "surroundings"; readonly name: string }
  /** What an expression gives; its path is empty. */
  | { readonly kind: "expression"; readonly expression: Expression };

/** A CEL expression whose names are resolved; a `let` stands in it as what it means. */
export interface Expression {
  /** As it is written. */
  readonly text: string;
  readonly tree: Checked;
  /** What its names stand for. */
  readonly names: ReadonlyMap<string, Value>;
  /** All that it reads, also of the elements of lists. */
  readonly reads: readonly Value[];
  /** Where its value comes from, if it is a message, or messages of a list, that it selects. */
  readonly origin: Value | undefined;
  /** The messages that its value is, or has inside. */
  readonly given: readonly Value[];
}

/** A value: a path from a root. An empty path is the root itself. */
export interface Value {
  readonly root: Root;
  readonly path: readonly Field[];
}

/**
 * Writes one message from another: what each field is made of. Made once per pair of types, place and names that it
 * uses.
 */
export interface Translator {
  readonly direction: "response" | "request";
  readonly target: Message;
  /** Undefined for a response whose method has no unnamed call. */
  readonly source: Message | undefined;
  /** In the order of the target's declaration. */
  readonly fields: FieldPlan[];
  /** The joins that the target carries. */
  readonly joins: JoinPlan[];
  /** Those of them that conditions of a method read: they run whether fields use them or not. */
  readonly ensured?: Set<JoinPlan>;
}

/** One field of a target, or of a message inside it. */
export interface FieldPlan {
  /** From the translator's target down to the field: longer than one where a request's field is nested. */
  readonly target: readonly Field[];
  readonly value: Value;
  readonly conversion: Conversion;
  /** Which of the rows that `value` is: those that this gives. */
  readonly selection?: Expression;
  /**
   * Of a field that a join feeds: which rows are written, or what keys in them are, depends on the message around them. So
   * their keys are gathered in the walk over that message, once for each time that a row is written; otherwise each found
   * row is walked once.
   */
  inWalk?: boolean;
  /** Written only if this is true. */
  readonly when?: Expression;
  /** In a response: written only for those whom this admits. */
  readonly allow?: FieldPolicyPlan;
}

/** How a value becomes a field; cardinality follows from the fields at both ends. */
export type Conversion =
  /** Copied where the types are one, else re-encoded. */
  | { readonly kind: "scalar"; readonly from: Scalar; readonly to: Scalar }
  /** By the names of the values. */
  | { readonly kind: "enum"; readonly map: EnumPlan }
  /** Field by field. */
  | { readonly kind: "message"; readonly translator: Translator }
  /** Entry by entry. */
  | {
      readonly kind: "map";
      readonly keyFrom: Field;
      readonly keyTo: Field;
      readonly value: Conversion;
      readonly from: Field;
      readonly to: Field;
    }
  /** A scalar into a google.protobuf wrapper. */
  | { readonly kind: "wrap"; readonly scalar: Scalar }
  /** A google.protobuf wrapper into a scalar. */
  | { readonly kind: "unwrap"; readonly scalar: Scalar }
  /** A FieldMask: its paths are those of the message that the subject translates. */
  | { readonly kind: "mask"; readonly subject: Translator }
  /** A string of the principal. */
  | { readonly kind: "auth" }
  /** A google.protobuf.Any of one of these types. */
  | { readonly kind: "any"; readonly types: readonly Translator[] }
  /** What a resolver gives: the field, as it is encoded. */
  | { readonly kind: "resolved" }
  /** What an expression gives, encoded. */
  | { readonly kind: "computed"; readonly as: Written; readonly key?: Scalar };

/** How one computed value is encoded. */
export type Written =
  | { readonly kind: "scalar"; readonly scalar: Scalar }
  | { readonly kind: "timestamp" | "duration" }
  /** By the names of the enum's values. */
  | {
      readonly kind: "enum";
      readonly numbers: ReadonlyMap<string, number>;
      readonly otherwise: number | undefined;
    }
  | { readonly kind: "wrapper"; readonly scalar: Scalar };

/** Numbers of an internal enum to those of a public one, or the other way. */
export interface EnumPlan {
  readonly from: DescEnum;
  readonly to: DescEnum;
  readonly numbers: ReadonlyArray<readonly [from: number, to: number]>;
  /** What any other number becomes: a number, nothing, or an error (in requests). */
  readonly otherwise: number | "ignore" | "invalid";
}

/** One join of a public message, made from one internal type. */
export interface JoinPlan {
  /** Unique in the message: the annotation's name, or the field's for a `key`. */
  readonly name: string;
  /** The public message that carries it. */
  readonly owner: Message;
  readonly lookup: LookupPlan;
  /** The parts of the key, read in the row. */
  readonly key: readonly Value[];
  /** The first part is a list: many keys a row. */
  readonly keyList: boolean;
  /** What its name stands for, from a found row. */
  readonly result: Value;
  readonly onMissing: "empty" | "drop" | "fail";
  /** Rows where this is false ask for nothing. */
  readonly when?: Expression;
  /** What becomes of errors of its calls: the first that fits. */
  readonly onError: readonly ErrorRulePlan[];
  /** The joins that have to be there first: those its key reads, and those that decide whether there are rows of it. */
  readonly after: JoinPlan[];
  /** As one value or as a list; undefined as long as no field uses it. */
  use: "one" | "many" | undefined;
}

/** How rows are fetched by key. */
export interface LookupPlan {
  /** The hand-written function that makes a field of each row: then nothing is called, and the key is what it reads. */
  readonly resolver?: ResolverPlan;
  readonly method: UpstreamMethod;
  readonly mode: "batch" | "each" | "all";
  /** The type in which keys compare, part by part. */
  readonly keyTypes: readonly Scalar[];
  /** Where each part of the key goes in the request; empty in mode "all". */
  readonly ask: ReadonlyArray<readonly Field[]>;
  /** From the reply to a found row: its last field is the repeated one. Empty: the whole reply. */
  readonly row: readonly Field[];
  /** From a found row to each part of its key; undefined where the whole reply answers. */
  readonly match: ReadonlyArray<readonly Field[]> | undefined;
  /** What `set` says, into the request; undefined without. */
  readonly set: Translator | undefined;
  readonly batchSize: number;
  readonly maxKeys: number;
  readonly maxRows: number;
  /** How a reply is followed that says there is more; undefined where such a one is an error. */
  readonly pages: PagesPlan | undefined;
  readonly timeoutMs: number | undefined;
}

/** A method whose response a hand-written function makes. */
export interface MethodResolverPlan {
  readonly name: string;
  /** What it gets of the calls: all of them. */
  readonly reads: readonly CallReadPlan[];
  /** The internal methods that it may call. */
  readonly mayCall: readonly UpstreamMethod[];
  readonly sets: readonly ResolverSetPlan[];
  /** The fields of the response, at any depth, that not everybody who may call may have. */
  readonly guards: Guards;
}

/** What `set` of the public service says of the requests of an internal method that a resolver may call. */
export interface ResolverSetPlan {
  readonly method: UpstreamMethod;
  readonly request: Translator;
}

/** What a resolver gets of a call. */
export interface CallReadPlan extends ReadPlan {
  readonly call: CallPlan;
  readonly expression: Expression;
}

/** A field that a hand-written function makes. */
export interface ResolverPlan {
  readonly name: string;
  readonly field: Field;
  /** What it gets of each row, in the order of the join's key. */
  readonly reads: readonly ReadPlan[];
  /** The internal methods that it may call. */
  readonly mayCall: readonly UpstreamMethod[];
  readonly sets: readonly ResolverSetPlan[];
  /** The fields inside what it makes that not everybody who has the field may have. */
  readonly guards: Guards;
}

/** One value that a resolver reads. */
export interface ReadPlan {
  /** The property by which the function gets it. */
  readonly name: string;
  readonly type: CelType;
  /** Of a path, its last field: says more than the type. */
  readonly field: Field | undefined;
  /** Whether it may not be there. */
  readonly isOptional: boolean;
}

/** The pages of a reply. */
export interface PagesPlan {
  readonly max: number;
  /** The field of the request that asks for a page. */
  readonly ask: Field;
}
