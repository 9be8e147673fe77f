// Proves that the sandbox's own CRDs are valid YAML of the right kinds, and reject unknown fields.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

import { parseAllDocuments } from "yaml";

const root = path.join(__dirname, "../..");

type Json = any;

function read(file: string): Json[] {
    return parseAllDocuments(fs.readFileSync(file, "utf8"))
        .map((document) => document.toJS())
        .filter(Boolean);
}

const ours = ["apisix", "gateway-api"].flatMap((folder) => {
    const directory = path.join(root, "sandbox/crds", folder);
    return fs.readdirSync(directory).flatMap((file) => read(path.join(directory, file)));
});

describe("The sandbox's CRDs", () => {
    it("are those of eleven APISIX kinds and five of the Gateway API, one served version each", () => {
        const names = ours.map(({ spec }) => `${spec.group} ${spec.names.kind}`);
        assert.equal(new Set(names).size, 16);
        for (const { metadata, spec } of ours) {
            assert.equal(metadata.name, `${spec.names.plural}.${spec.group}`);
            assert.deepEqual(
                spec.versions.map(({ served, storage }: Json) => [served, storage]),
                [[true, true]],
            );
        }
    });

    for (const { spec } of ours) {
        it(`of ${spec.names.kind} accept unknown fields only in the configs and metadata of plugins`, () => {
            const open: string[] = [];
            const walk = (node: Json, at: string) => {
                if (node === null || typeof node !== "object") return;
                if (node["x-kubernetes-preserve-unknown-fields"]) open.push(at);
                for (const [name, child] of Object.entries(node)) walk(child, `${at}.${name}`);
            };
            walk(spec.versions[0].schema.openAPIV3Schema, "");
            const allowed = /\.config$|\.pluginMetadata\.additionalProperties$/;
            assert.deepEqual(
                open.filter((at) => !allowed.test(at)),
                [],
            );
        });
    }
});
