/** Where the demo's gateway serves unless PORT says otherwise, or the port is taken. */
export const defaultPort = 8080;

export const defaultTarget = `127.0.0.1:${defaultPort}`;
