// Started by Pulumi, in this folder.
require("tsx/cjs");
require("./start.ts");
