#!/usr/bin/env node
// `npx alpa-auth` runs this file. It must be JavaScript, because it loads the loader of the commands' TypeScript files.
require("tsx/cjs");
const { main } = require("./cli.ts");

main();
