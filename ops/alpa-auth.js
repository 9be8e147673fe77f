#!/usr/bin/env node
// `npx alpa-auth` runs this file. It is JavaScript, since it loads what Node.js needs to run the TypeScript of the commands.
require("../load-typescript.js");
require("./cli.ts").main();
