import Module from "node:module";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { inputsOf, type Seen } from "../../../kit";

const ROOT = path.resolve(__dirname, "../../../..");

/** The code of a dynamic resource as the state keeps it; a secret or not. */
export function storedText(resource: Seen): string {
    return inputsOf(resource, (secret) => secret).__provider;
}

/** What the engine's process for such providers makes of the text. */
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

/** What a text loads that asks the API server. */
export const API_SERVER = [
    "@kubernetes/client-node",
    "node:fs",
    "node:http",
    "node:https",
    "node:os",
    "node:path",
    "yaml",
];

/** Patterns in a stored text that has a part of the Pulumi SDK. */
export const PULUMI_SDK = /@pulumi\/pulumi|ComponentResource|CustomResource|registerResource|runtime\./;
