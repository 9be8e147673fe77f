// Proves that the sandbox's own CRDs are valid YAML of the right kinds, and reject unknown fields wherever the real CRDs do.
// Where the real CRDs are available, both are compared exactly, except for descriptions and printer columns.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

import { parseAllDocuments } from "yaml";

const root = path.join(__dirname, "../..");
const shared = process.env.ALPA_AUTH_SHARED ?? path.join(root, "../shared");
const bundled = path.join(shared, "reference/data/apisix-crds/chart-bundled-aic-1.1.2");

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

/** The paths at which two values differ, except for descriptions and the order of lists of names. */
function differences(own: Json, real: Json, at: string): string[] {
    if (/\.required$/.test(at))
        return own && real && own.slice().sort().join() === real.slice().sort().join() ? [] : [at];
    if (own === null || real === null || typeof own !== "object" || typeof real !== "object") {
        return own === real ? [] : [at];
    }
    const names = new Set([...Object.keys(own), ...Object.keys(real)]);
    // A property may be called "description" too.
    if (!/\.properties$/.test(at)) names.delete("description");
    return [...names].flatMap((name) => {
        if (!(name in own)) return [`${at}.${name} is missing`];
        if (!(name in real)) return [`${at}.${name} is too much`];
        return differences(own[name], real[name], `${at}.${name}`);
    });
}

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
        it(`of ${spec.names.kind} accept unknown fields only in the configs of plugins and credentials`, () => {
            const open: string[] = [];
            const walk = (node: Json, at: string) => {
                if (node === null || typeof node !== "object") return;
                if (node["x-kubernetes-preserve-unknown-fields"]) open.push(at);
                for (const [name, child] of Object.entries(node)) walk(child, `${at}.${name}`);
            };
            walk(spec.versions[0].schema.openAPIV3Schema, "");
            const allowed = /\.config$|\.pluginMetadata\.additionalProperties$|\.vars\.items$/;
            assert.deepEqual(
                open.filter((at) => !allowed.test(at)),
                [],
            );
        });
    }
});

if (fs.existsSync(bundled)) {
    const real = new Map<string, Json>();
    for (const file of ["apisixic-crds.yaml", "gwapi-crds.yaml"]) {
        for (const one of read(path.join(bundled, file))) real.set(one.metadata.name, one);
    }
    // The sandbox's CRDs omit fields of the experimental channel. They also omit fields of Gateway API routes, because
    // the sandbox rejects these routes anyway. If an object uses an omitted field, strict validation rejects it, so its
    // author notices the omission.
    const left: Record<string, RegExp> = {
        "gateways.gateway.networking.k8s.io": /\.(allowedListeners|backendTLS|frontendValidation) is missing$/,
        "grpcroutes.gateway.networking.k8s.io": /is missing$/,
        "httproutes.gateway.networking.k8s.io": /is missing$/,
    };

    describe("The sandbox's CRDs, compared with the real ones,", () => {
        for (const { metadata, spec } of ours) {
            it(`have the schema of the real one for ${spec.names.kind}`, () => {
                const { spec: theirs } = real.get(metadata.name);
                const { versions: ownVersions, ...own } = spec;
                const { versions, conversion: _conversion, ...rest } = theirs;
                const [version] = ownVersions;
                const same = versions.find(({ name }: Json) => name === version.name);
                const { additionalPrinterColumns: _columns, ...compared } = same;
                const found = [...differences(own, rest, "spec"), ...differences(version, compared, version.name)];
                assert.deepEqual(
                    found.filter((at) => !left[metadata.name]?.test(at)),
                    [],
                );
            });
        }
    });
}
