#!/usr/bin/env node
import { main } from "../dist/plugin/src/cli/main.js";

process.exitCode = main(process.argv.slice(2));
