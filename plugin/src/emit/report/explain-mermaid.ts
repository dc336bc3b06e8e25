import type { Explained, ExplainedStep } from "./explain.js";
import { graphOf, REQUEST, RESPONSE } from "./explain-graph.js";
import { keysText } from "./explain-text.js";

/** A Mermaid flowchart, for pages that draw it: a part of its own for each method. */
export function explainMermaid(explained: readonly Explained[]): string {
  const lines = ["flowchart LR"];
  explained.forEach((method, index) => {
    lines.push(`  subgraph m${index}["${escaped(method.method)}<br/>${escaped(method.calls.formula)}"]`);
    lines.push(...methodLines(method, `m${index}_`).map((line) => `    ${line}`), "  end");
  });
  return `${lines.join("\n")}\n`;
}

function methodLines(method: Explained, prefix: string): string[] {
  const { edges } = graphOf(method);
  const ids = new Map([
    [REQUEST, `${prefix}request`],
    [RESPONSE, `${prefix}response`],
  ]);
  // Names of steps may be words of Mermaid.
  for (const [index, { id }] of method.steps.entries()) ids.set(id, `${prefix}s${index}`);
  return [
    `${ids.get(REQUEST)}(["request"])`,
    ...method.steps.map((step) => `${ids.get(step.id)}${shapeOf(step)}`),
    `${ids.get(RESPONSE)}(["response"])`,
    ...edges.map(([before, after]) => `${ids.get(before)} --> ${ids.get(after)}`),
  ];
}

function shapeOf(step: ExplainedStep): string {
  const lines = [
    step.id,
    step.method.split(".").at(-1)!,
    ...(step.keys === undefined ? [] : [keysText(step)]),
  ];
  const text = `"${lines.map(escaped).join("<br/>")}"`;
  return step.keys !== undefined ? `[[${text}]]` : `[${text}]`;
}

/** Text that is never markup; Mermaid's own entities begin with #. */
function escaped(text: string): string {
  return text.replace(/[^\w ./,;:()+-]/g, (char) => `#${char.codePointAt(0)};`);
}
