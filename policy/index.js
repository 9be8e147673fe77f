// Started by Pulumi, in this folder.
require("../load-typescript.js");
require("./start.ts");
