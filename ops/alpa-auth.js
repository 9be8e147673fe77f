#!/usr/bin/env node
// What `npx alpa-auth` runs. It is JavaScript because Node.js starts it; the command line itself is TypeScript.
require("../load-typescript.js");
require("./cli.ts").main();
