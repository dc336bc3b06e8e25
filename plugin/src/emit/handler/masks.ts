import type { Translator } from "../../plan/types.js";
import { eachTranslator, translatorsIn } from "../../plan/walk.js";
import type { Field } from "../../source/model.js";

/** A mask that a request holds, and what translates the message that it is of. */
export interface MaskUse {
  readonly mask: Field;
  readonly subject: Translator;
  /** Where that message stands beside the mask. */
  readonly path: readonly Field[];
  /** Whether it depends on a condition of its field that it is translated. */
  readonly isConditional: boolean;
}

/** The masks that a request is translated with, also for what joins carry: one for several messages is there for each. */
export function masksIn(translators: Iterable<Translator>): MaskUse[] {
  const uses: MaskUse[] = [];
  for (const translator of translators)
    eachTranslator(translator, ({ direction, fields }) => {
      if (direction === "response") return;
      for (const { value, conversion, when } of fields) {
        const mask = value.path.at(-1);
        if (conversion.kind !== "mask" || mask === undefined) continue;
        const { subject } = conversion;
        const of = fields.find((field) => translatorsIn(field.conversion).includes(subject));
        uses.push({ mask, subject, path: of?.value.path ?? [], isConditional: when !== undefined });
      }
    });
  return uses;
}
