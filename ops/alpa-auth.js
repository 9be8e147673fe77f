#!/usr/bin/env node
// What `npx alpa-auth` runs. It is JavaScript because Node.js starts it; the command line itself is TypeScript.
require("tsx/cjs");
require("./cli.ts").main();
