/**
 * Loaded into the gateway's process before the gateway, by the demo only: ends it when the demo is gone, however it
 * went. The channel between the two is closed by the operating system, even after a `kill -9`.
 */
process.once("disconnect", () => process.exit());
// The channel alone must not keep a gateway running that has shut down by itself.
process.channel?.unref();
