// Started by Pulumi, in this folder. It is JavaScript that loads the TypeScript: Pulumi's own compiler costs 0.4 s of each preview
// (measured 2026-11).
"use strict";
require("./load-typescript.js");
const { runtime } = require("@pulumi/pulumi");

module.exports = async () => {
    if (runtime.isDryRun()) startDynamicProvider();
    await new Promise((sent) => setImmediate(sent));
    return require("./index.ts")();
};

/**
 * Makes the engine start the process for dynamic resources while this process loads the program. Otherwise the engine
 * would start that process at the first dynamic resource, and all other resources would wait 0.5 s (measured 2026-11). The
 * call always fails, since that process has no functions. A program that fails early still waits for the answer to this call.
 * Not in an update: the engine would write the provider to the state, even if a check fails before anything is created.
 */
function startDynamicProvider() {
    runtime.invoke("pulumi-nodejs:index:start", {}).catch(() => {});
}
