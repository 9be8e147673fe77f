import { strict as assert } from "node:assert";
import Module from "node:module";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { inputsOf, type Seen } from "../../../kit";

const ROOT = path.resolve(__dirname, "../../../..");

/** The code of a dynamic resource as the state stores it. It may be marked as a secret. */
export function storedText(resource: Seen): string {
    return inputsOf(resource, (secret) => secret).__provider;
}

/** Loads the code like the engine's process for dynamic providers. */
export function load(text: string): pulumi.dynamic.ResourceProvider {
    const module = new Module("stored-provider") as Module & { _compile(text: string, file: string): void };
    module.paths = [path.join(ROOT, "node_modules")];
    module._compile(text, path.join(ROOT, "stored-provider.js"));
    return module.exports.handler();
}

function requiredBy(text: string): string[] {
    return [...new Set([...text.matchAll(/require\("([^"]+)"\)/g)].map((m) => m[1]))].sort();
}

/** Modules that a stored provider loads to call the API server. */
export const API_SERVER = [
    "@kubernetes/client-node",
    "node:fs",
    "node:http",
    "node:https",
    "node:os",
    "node:path",
    "yaml",
];

const PULUMI_SDK = /@pulumi\/pulumi|ComponentResource|CustomResource|registerResource|runtime\./;

/** Asserts that stored code is shorter than `most`, has no part of the Pulumi SDK, and loads exactly these modules. */
export function assertStored(text: string, most: number, modules: string[]): void {
    assert.ok(text.length > 1000 && text.length < most, `${text.length} characters`);
    assert.doesNotMatch(text, PULUMI_SDK);
    assert.deepEqual(requiredBy(text), [...modules].sort());
}
