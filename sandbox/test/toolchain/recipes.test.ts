// Proves that built and downloaded programs are pinned. Every start of a sandbox proves that they work.
import assert from "node:assert/strict";
import { listsOf } from "../../../policy/rules/facts";
import { ROOT } from "../../world/state";
import { recipe, type RecipeName } from "../../toolchain/recipes";
import { TOOL_NAMES } from "../../toolchain/toolchain";
import versions from "../../toolchain/versions.json";
import { type Platform, releaseOf } from "../../toolchain/releases/table";

const NAMES: RecipeName[] = [
    ...(["pulumi", "etcd", "kubernetes", "kwok", "kubernetes-provider", "helm"] as const),
    "kuberay-operator",
];
const KEYS = { "kuberay-operator": "kuberay" } as const;
const versionOf = (name: RecipeName) => versions[name in KEYS ? KEYS[name as keyof typeof KEYS] : (name as "etcd")];

const goModOf = (name: RecipeName) => (recipe(name).ingredients as { goMod: string }).goMod;

describe("recipes", () => {
    const { ALPA_AUTH_PYTHON } = process.env;
    afterEach(() => {
        if (ALPA_AUTH_PYTHON === undefined) delete process.env.ALPA_AUTH_PYTHON;
        else process.env.ALPA_AUTH_PYTHON = ALPA_AUTH_PYTHON;
    });

    it("build every tool exactly once", () => {
        const made = [...NAMES, "redis" as const].flatMap((name) => recipe(name).outputs);
        assert.deepEqual(made.sort(), [...TOOL_NAMES].sort());
    });

    for (const name of NAMES) {
        it(`${name}: one exact version, and no replacement by a local path`, () => {
            const goMod = goModOf(name);
            assert.equal(recipe(name).version, versionOf(name));
            assert.equal(goMod.match(/^require [^(]/gm)?.length, 1);
            assert.ok(goMod.includes(` v${versionOf(name)}`), "the version of versions.json");
            assert.doesNotMatch(goMod, /=> *\.|latest/);
        });
    }

    it("have one version of each library of Kubernetes, so that it is compiled once", () => {
        const blocks = (["kubernetes", "kubernetes-provider", "helm", "kuberay-operator"] as const).map(
            (name) => /^require \(\n[^)]*\)/m.exec(goModOf(name))![0],
        );
        assert.equal(new Set(blocks).size, 1);
        assert.match(blocks[0], /^\tk8s\.io\/client-go v0\.34\.4$/m);
        assert.match(blocks[0], /^\tgolang\.org\/x\/net v\d+\.\d+\.\d+$/m);
    });

    it("kubernetes-provider: can create every kind of object that a stack has", () => {
        const { stubs } = recipe("kubernetes-provider").ingredients as { stubs: Record<string, string> };
        const lacks = Object.values(stubs).flatMap((source) => source.match(/kubernetes:[\w.]+\/v\d:\w+/g) ?? []);
        assert.deepEqual(lacks, ["kubernetes:helm.sh/v4:Chart", "kubernetes:kustomize/v2:Directory"]);
        assert.deepEqual(
            lacks.filter((type) => listsOf(ROOT)!.types.has(type)),
            [],
        );
    });
});

const PLATFORMS = (["linux", "darwin"] as const).flatMap((os) =>
    (["amd64", "arm64"] as const).map((arch): Platform => ({ os, arch })),
);
const RELEASED: RecipeName[] = ["pulumi", "etcd", "kubernetes", "kwok", "kubernetes-provider", "helm"];

describe("releases", () => {
    for (const platform of PLATFORMS)
        describe(`for ${platform.os}/${platform.arch}`, () => {
            // Kubernetes releases its control plane for Linux only.
            for (const name of RELEASED.filter((name) => platform.os === "linux" || name !== "kubernetes"))
                it(`${name}: provides every tool of the build, from https, with a checksum`, () => {
                    const { version, downloads } = releaseOf(name, platform)!;
                    const given = downloads.flatMap((one) => (one.program ? [one.program] : Object.keys(one.members!)));
                    for (const tool of recipe(name).outputs) assert.ok(given.includes(tool), tool);
                    assert.ok(downloads[0].url.includes(`v${version}`), "the URL contains the version");
                    for (const { url, checksum } of downloads) {
                        assert.match(url, /^https:\/\//);
                        const [from] = Object.values(checksum) as string[];
                        assert.match(from, /^(https:\/\/|sha256:[0-9a-f]{64}$|sha512:[0-9a-f]{128}$)/);
                    }
                });
        });

    it("have the versions that are built", () => {
        const linux = { os: "linux", arch: "amd64" } as const;
        for (const name of ["pulumi", "etcd", "kubernetes", "kwok", "helm"] as const)
            assert.equal(releaseOf(name, linux)!.version, versions[name]);
    });
});
