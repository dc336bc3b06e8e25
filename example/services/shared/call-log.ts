/** The calls that services have received, as they count them themselves. Several services may share one. */
export interface CallLog {
  /** Full method names ("smpl.users.v1.UsersService/GetUser"), in the order of arrival; failed calls too. */
  readonly methods: readonly string[];
  add(method: string): void;
  /** Forgets all calls. */
  reset(): void;
}

export function createCallLog(): CallLog {
  const methods: string[] = [];
  return {
    methods,
    add: (method) => void methods.push(method),
    reset: () => void methods.splice(0),
  };
}
