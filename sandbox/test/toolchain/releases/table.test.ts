// Proves which releases are downloaded: exact versions, a checksum for each file, and the supported platforms.
import assert from "node:assert/strict";
import { recipe, type RecipeName } from "../../../toolchain/recipes";
import { type Platform, releaseOf } from "../../../toolchain/releases/table";
import versions from "../../../toolchain/versions.json";

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
