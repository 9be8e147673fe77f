// Loads TypeScript files with tsx, and JavaScript files with Node.js. By default tsx also reads every JavaScript file of every
// package, to support syntax that older versions of Node.js could not `require`. That takes 0.7 s of a core for the command
// line, and 2 s for a test process (measured 2026-11).
"use strict";
const { join } = require("node:path");
const { _extensions: loaders, enableCompileCache } = require("node:module");
const javascript = loaders[".js"];
require("tsx/cjs");
loaders[".js"] = javascript;
// Available since Node.js 22.8. The cache depends on the content of each file, so it is never stale.
enableCompileCache?.(join(__dirname, "node_modules/.cache/compiled"));
