#!/usr/bin/env node
import { readFileSync, writeSync } from "node:fs";
import { runPlugin } from "../dist/plugin/src/cli/plugin.js";

const response = runPlugin(readFileSync(0));
// Synchronous and in full: a pipe may take less than all at once.
for (let sent = 0; sent < response.length; ) {
  try {
    sent += writeSync(1, response, sent);
  } catch (error) {
    if (error.code !== "EAGAIN") throw error;
  }
}
