import { create } from "@bufbuild/protobuf";
import type { CreateUserRequest, User } from "../../../gen/smpl/api/users/v1/users_pb.js";
import { UserSchema } from "../../../gen/smpl/api/users/v1/users_pb.js";
import type { PublicCall } from "./unary.js";
import type { UpstreamClients } from "./upstream-clients.js";

/** smpl.api.users.v1.UsersService/CreateUser */
export async function createUser(
  clients: UpstreamClients,
  { email, displayName, password }: CreateUserRequest,
  call: PublicCall,
): Promise<User> {
  const user = await clients.createUser({ email, displayName, password }, call);
  return create(UserSchema, {
    id: user.id,
    email: user.email,
    displayName: user.displayName,
    ...(user.createdAt && { createdAt: user.createdAt }),
  });
}
