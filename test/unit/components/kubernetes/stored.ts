import Module from "node:module";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { inputsOf, type Seen } from "../../../kit";

const ROOT = path.resolve(__dirname, "../../../..");

/** The code of a dynamic resource as stored in the state; secret or not. */
export function storedText(resource: Seen): string {
    return inputsOf(resource, (secret) => secret).__provider;
}

/** Loads the text like the engine's process for dynamic providers. */
export function load(text: string): pulumi.dynamic.ResourceProvider {
    const module = new Module("stored-provider") as Module & { _compile(text: string, file: string): void };
    module.paths = [path.join(ROOT, "node_modules")];
    module._compile(text, path.join(ROOT, "stored-provider.js"));
    return module.exports.handler();
}

/** Names of the modules that a stored text loads. */
export function requiredBy(text: string): string[] {
    return [...new Set([...text.matchAll(/require\("([^"]+)"\)/g)].map((m) => m[1]))].sort();
}

/** Modules that a text loads to call the API server. */
export const API_SERVER = [
    "@kubernetes/client-node",
    "node:fs",
    "node:http",
    "node:https",
    "node:os",
    "node:path",
    "yaml",
];

/** Patterns that show a part of the Pulumi SDK in a stored text. */
export const PULUMI_SDK = /@pulumi\/pulumi|ComponentResource|CustomResource|registerResource|runtime\./;
