// Proves that callers in a separate file are callers of the stack, in every option, and that each problem of the file is
// reported with its line. Does not prove that Pulumi runs the program in the folder of Pulumi.yaml.
import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { parse, type RawConfig } from "../../../config";
import * as edge from "../kit/cloudflare";
import { interValues } from "../kit/inter";
import { CONSUMERS, raw } from "../kit/intra-a";
import { intraBValues } from "../kit/intra-b";
import { itRefuses, problemsOf, type Refused } from "./refused";

const NAME = "callers/intra.yaml";
const TODAY = edge.TODAY;
const KEY = "a-key-in-plain-text";

const caller = (name: string, ...credentials: object[]) => ({ name, credentials });
const first = { id: "first", method: "key" };

/** A config of each option whose callers are `consumers`. */
const OPTIONS: Record<string, { config: (values: object) => RawConfig; consumers: object[] }> = {
    "intra-a": { config: (values) => raw({ ...values }), consumers: CONSUMERS },
    "intra-b": { config: (values) => raw(intraBValues({ ...values })), consumers: CONSUMERS },
    inter: { config: (values) => raw(interValues({ ...values })), consumers: CONSUMERS },
    cloudflare: { config: (values) => edge.rawCloudflare({ ...values }), consumers: edge.CONSUMERS },
};

function settings(config: RawConfig, text?: string) {
    return parse(config, () => true, TODAY, undefined, ".", text);
}

function problems(text: string, values: object = { consumers: [] }): string[] {
    return problemsOf(() => settings(raw({ consumersFile: NAME, ...values }), text));
}

describe("callers in a file of their own", () => {
    for (const [option, { config, consumers }] of Object.entries(OPTIONS))
        it(`are the same callers as in the stack file, with option ${option}`, () => {
            const inFile = settings(config({ consumers: undefined, consumersFile: NAME }), stringify({ consumers }));
            assert.deepEqual(inFile.consumers, settings(config({ consumers })).consumers);
        });

    it("follow those of the stack file, which may have keys", () => {
        const own = [caller("own", { ...first, key: KEY })];
        const { consumers } = settings(
            raw({ consumersFile: NAME, consumers: own }),
            stringify({ consumers: [caller("other", first)] }),
        );
        assert.deepEqual(
            consumers.map(({ name }) => name),
            ["own", "other"],
        );
    });

    it("are read below the folder of Pulumi.yaml", () => {
        const folder = mkdtempSync(join(tmpdir(), "alpa-auth-callers-"));
        try {
            mkdirSync(join(folder, "callers"));
            writeFileSync(join(folder, NAME), stringify({ consumers: CONSUMERS }));
            const config = raw({ consumers: undefined, consumersFile: NAME });
            assert.equal(parse(config, () => true, TODAY, undefined, folder).consumers.length, CONSUMERS.length);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    it("are rejected without the file", () => {
        assert.throws(
            () => parse(raw({ consumersFile: "none.yaml" }), () => true, TODAY, undefined, tmpdir()),
            /^.*\n {2}- none\.yaml: must be a file that can be read \(ENOENT\)\. Create it/,
        );
    });

    const refused: Refused<string>[] = [
        ["invalid YAML", "consumers:\n  - [", /^callers\/intra\.yaml:2: must be YAML \(\w+\)\. Correct this line\.$/],
        ["nothing", "", /^callers\/intra\.yaml: must be a mapping with the key consumers/],
        [
            "no callers",
            "consumers:",
            /^callers\/intra\.yaml: consumers: must be a list of callers\. Write \[\] for none/,
        ],
        ["other keys", "consumers: []\nlimits: {}", /^callers\/intra\.yaml: limits: is not a known key\. Remove it\.$/],
        [
            "a caller of the wrong type",
            stringify({ consumers: [caller("lab", first), { name: "Big", credentials: [{ id: "a" }] }] }),
            /^callers\/intra\.yaml: consumers\[1\]\.name: must be a DNS label/,
            /^callers\/intra\.yaml: consumers\[1\]\.credentials\[0\]\.method: required/,
        ],
        [
            "one name twice",
            stringify({ consumers: [caller("lab", first), caller("lab", first)] }),
            /^consumers: every name must be unique \(got lab twice\)/,
        ],
    ];
    describe("with each problem at its line", () => itRefuses(refused, (text) => problems(text)));

    for (const [what, key] of [
        ["in plain text", KEY],
        ["that Pulumi has encrypted", { secure: `v1:${KEY}` }],
    ] as const)
        it(`are rejected with a key ${what}, which is not repeated`, () => {
            const found = problems(stringify({ consumers: [caller("lab", { ...first, key }, first)] }));
            assert.match(
                found[0],
                /^callers\/intra\.yaml: consumers\[0\]\.credentials\[0\]\.key: must not be in this file, which cannot hold a secret/,
            );
            assert.ok(!found.join("\n").includes(KEY));
        });

    for (const path of ["/etc/callers.yaml", "../callers.yaml", "callers/../../x.yaml", ".", ""])
        it(`are rejected with the path ${JSON.stringify(path)}, which is outside of the project`, () => {
            const found = problems("consumers: []", { consumersFile: path });
            assert.match(found.join("\n"), /^consumersFile: must be a path inside the folder of Pulumi\.yaml/);
        });
});
