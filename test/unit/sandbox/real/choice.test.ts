// Proves which parts of a world are real, and what the operator is told of those that are missing.
import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
    findParts,
    parseChoice,
    partLines,
    partsOfEnvironment,
    reportParts,
    type RealParts,
} from "../../../../sandbox/real/choice";

describe("real parts", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "alpa-auth-real-"))));
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    const file = (path: string, text: string, mode = 0o644): string => {
        const full = join(folder, path);
        mkdirSync(dirname(full), { recursive: true });
        writeFileSync(full, text, { mode });
        return full;
    };
    const program = (name: string, prints: string) => file(`bin/${name}`, `#!/bin/sh\necho '${prints}'\n`, 0o755);
    /** Nothing of the machine that runs the tests is found. */
    const nowhere = () => ({ PATH: join(folder, "bin") });
    const charts = (version = "2.14.0") => {
        for (const name of ["apisix", "apisix-ingress-controller", "kuberay-operator"])
            file(`charts/${name}/Chart.yaml`, `name: ${name}\nversion: ${version}\n`);
        return { ALPA_AUTH_REAL_CHARTS: join(folder, "charts") };
    };

    for (const [text, choice] of [
        ["", "none"],
        ["none", "none"],
        ["available", "available"],
        ["all", "all"],
        ["redis", ["redis"]],
        ["charts, redis,charts", ["charts", "redis"]],
    ] as const)
        it(`reads "${text}"`, () => assert.deepEqual(parseChoice(text), choice));

    it("rejects a name that is no part, with the one that was meant", () => {
        assert.throws(
            () => parseChoice("redis,apsix,tunnel"),
            /^Error: real parts: "apsix" is not a part of the sandbox \(did you mean apisix\?\); "tunnel" is not a part of the sandbox\. Use available, all, or some of: charts, apisix, ingress-controller, redis, cloudflare-provider\.$/,
        );
    });

    it("has no real part unless one is chosen", () => {
        program("redis-server", "Redis server v=7.0.15");
        assert.deepEqual(partsOfEnvironment(nowhere()), {});
    });

    it("takes the parts that are there, and leaves the rest to stand-ins", () => {
        const redis = program("redis-server", "Redis server v=7.0.15 sha=0");
        const found = findParts("available", { ...nowhere(), ...charts() });
        assert.deepEqual(Object.keys(found), ["charts", "redis"]);
        assert.deepEqual(found.redis, { version: "7.0.15", paths: { program: redis } });
        assert.equal(found.charts?.paths.apisix, join(folder, "charts/apisix"));
    });

    it("names every demanded part that is missing, and how to get it, in one error", () => {
        program("redis-server", "Redis server v=7.0.15");
        assert.throws(
            () => findParts(["redis", "charts", "ingress-controller"], nowhere()),
            (error: Error) => {
                assert.match(error.message, /^real parts: 2 of 3 are missing\.$/m);
                assert.match(
                    error.message,
                    /^ {2}charts \(Helm charts 2\.14\.0\): ALPA_AUTH_REAL_CHARTS is not set\. Name a /m,
                );
                assert.match(
                    error.message,
                    /^ {2}ingress-controller .*: apisix-ingress-controller is not on PATH\. Put /m,
                );
                assert.match(error.message, /^Or choose those that are there: --real available/m);
                return !error.message.includes("redis (");
            },
        );
    });

    it("demands every part for all", () => {
        assert.throws(() => findParts("all", nowhere()), /^Error: real parts: 5 of 5 are missing\./);
    });

    it("rejects a version that the product is not made for", () => {
        const env = { ...nowhere(), ...charts("2.13.0") };
        assert.throws(
            () => findParts(["charts"], env),
            /version 2\.13\.0 is there, and the sandbox is made for 2\.14\.0\./,
        );
        assert.deepEqual(findParts("available", env), {});
    });

    it("rejects a place that does not exist, and one that is no absolute path", () => {
        const at = (place: string) => () => findParts(["redis"], { ...nowhere(), ALPA_AUTH_REAL_REDIS: place });
        assert.throws(at(join(folder, "nothing")), /ALPA_AUTH_REAL_REDIS: .*\/nothing does not exist\./);
        assert.throws(at("redis-server"), /ALPA_AUTH_REAL_REDIS: "redis-server" is not an absolute path\./);
    });

    it("takes a named program before one on PATH", () => {
        program("redis-server", "Redis server v=7.0.15");
        const valkey = file("else/valkey-server", "#!/bin/sh\necho 'Server v=8.1.0'\n", 0o755);
        const found = findParts(["redis"], { ...nowhere(), ALPA_AUTH_REAL_REDIS: valkey });
        assert.deepEqual(found.redis, { version: "8.1.0", paths: { program: valkey } });
    });

    it("says of each part whether it is real, and in which version", () => {
        const real: RealParts = { redis: { version: "7.0.15", paths: {} } };
        assert.deepEqual(partLines(reportParts(real)), [
            "Helm charts                         stand-in for 2.14.0",
            "APISIX on OpenResty                 stand-in for 3.18.0",
            "APISIX ingress controller with ADC  stand-in for 2.0.1",
            "Valkey or Redis                     real, 7.0.15",
            "Pulumi provider cloudflare          stand-in for 6",
        ]);
    });
});
