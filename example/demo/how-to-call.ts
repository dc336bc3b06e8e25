import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gatewayLog } from "./gateway-process.js";
import { defaultTarget } from "./target.js";

/** What to type into another terminal while the gateway serves on `target`. */
export function howToCall(target: string): string {
  const example = relative(process.cwd(), fileURLToPath(new URL("../../../", import.meta.url))) || ".";
  const root = relative(process.cwd(), fileURLToPath(new URL("../../../../", import.meta.url))) || ".";
  const setTarget = target === defaultTarget ? "" : `GATEWAY=${target} `;
  return `
The gateway serves on ${target} until Ctrl-C. From another terminal:

  ${setTarget}node ${example}/dist/example/call.js ListOrdersWithUser '{"pageSize": 3}'

or, with grpcurl:

  grpcurl -plaintext -import-path ${example}/proto/public -import-path ${root}/proto \\
    -proto smpl/api/orders/v1/orders.proto -H "authorization: Bearer $(cat ${example}/out/token)" \\
    -d '{"page_size": 3}' ${target} smpl.api.orders.v1.OrdersService/ListOrdersWithUser

What the gateway logs goes to ${example}/out/${gatewayLog}.
`;
}
