// Started by Pulumi, in this folder. It is JavaScript that loads the TypeScript: Pulumi's own compiler costs 0.4 s of each preview
// (measured 2026-11).
"use strict";
require("./load-typescript.js");
const { runtime } = require("@pulumi/pulumi");

module.exports = async () => {
    startDynamicProvider();
    await new Promise((sent) => setImmediate(sent));
    return require("./index.ts")();
};

/**
 * Lets the engine start the process of the dynamic resources while this process loads the program. Otherwise the engine starts
 * it at the first such resource, and every other resource waits 0.5 s for it (measured 2026-11). The process offers no functions,
 * so the answer is an error. A program that fails at once ends after this answer.
 */
function startDynamicProvider() {
    runtime.invoke("pulumi-nodejs:index:start", {}).catch(() => {});
}
