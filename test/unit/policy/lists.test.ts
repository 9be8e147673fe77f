// Proves what rules know about a stack's config, and that policy/lists.yaml has exactly the types, programs, settings and scripts
// of this commit's program. A failure names the entry to add or to remove: review what it stands for first.
import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configTexts, listsOf } from "../../../policy/rules/facts";
import { renderRules } from "../../../components/hosts/server-firewall/nft-rules";
import { POD_NETWORK, renderLaunch } from "../../../components/hosts/microk8s/launch";
import { type Resource, resourceOf } from "../../../policy/resources/resource";
import { entryOf } from "../../../policy/rules/known-types";
import { annotationsOf } from "../../../policy/rules/settings";
import { digestOf, scriptsOf } from "../../../policy/rules/scripts/found";
import { BASES } from "./bases";
import { FACTS, ROOT } from "./facts";
import { givenOf, STACKS } from "./stacks";

describe("the texts of a config", () => {
    it("are those in every mapping and list, and the host of each address", () => {
        const config = { name: "a.example.com", alpa: '{"endpoints":["10.0.0.11:20001"],"weight":3}' };
        const found = [...configTexts(config)!].filter((text) => !text.startsWith("{"));
        assert.deepEqual(found, ["a.example.com", "10.0.0.11:20001", "10.0.0.11"]);
    });

    it("are unknown if a text is hidden, and without a config", () => {
        assert.equal(configTexts({ name: "a", tunnel: "[secret]" }), undefined);
        assert.equal(configTexts({ tunnel: '{"token":"[secret]"}' }), undefined);
        assert.equal(configTexts({}), undefined);
    });
});

describe("the lists of a commit", () => {
    let folder: string;
    before(() => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-lists-"));
        mkdirSync(join(folder, "policy"));
    });
    after(() => rmSync(folder, { recursive: true }));

    it("are unknown if the commit has none", () => assert.equal(listsOf(folder), undefined));

    it("must be complete", () => {
        writeFileSync(join(folder, "policy/lists.yaml"), "types: {}\n");
        assert.throws(() => listsOf(folder), /^Error: policy\/lists\.yaml: annotations: /);
    });
});

/** Scripts of choices in a stack config that no test stack makes. */
const OTHER_TEXTS = [
    ...[[], ["6000-6999"]].map((rayPorts) =>
        renderRules({ serverPorts: [20001], gateways: ["10.0.0.1"], rayPorts, alsoFrom: [] }),
    ),
    ...[POD_NETWORK, "10.2.0.0/16"].map(renderLaunch),
];
/** Types of choices that no test stack makes. */
const OTHER_TYPES = [
    "cloudflare:index:ZoneDnssec",
    "cloudflare:index:ZoneSetting",
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
    "pulumi-nodejs:dynamic/alpa-auth:ConversionRecord",
    "pulumi-nodejs:dynamic/alpa-auth:StackIdentity",
    ...["cloudflare", "command", "pulumi", "pulumi-nodejs", "random"].map((name) => `pulumi:providers:${name}`),
];

/** A class of resources with a provider of this project. */
const PROVIDED = /^export class \w+ extends (DynamicResource|StateRecord)\b/gm;

describe("policy/lists.yaml", () => {
    const { types, annotations, programs, scripts } = FACTS.lists!;
    const found = { types: new Set(OTHER_TYPES), annotations: new Set<string>(), programs: new Set<string>() };
    const digests = new Map<string, string>();

    before(async () => {
        for (const text of OTHER_TEXTS) digests.set(digestOf({ where: "", text, kind: "value" }), text);
        for (const build of Object.values({ ...STACKS, ...BASES }))
            for (const given of givenOf(await build())) collect(resourceOf(given));
    });

    function collect(resource: Resource): void {
        const { type } = resource;
        if (!type.startsWith("alpa-auth:") && type !== "pulumi:pulumi:Stack") found.types.add(entryOf(type));
        for (const [, name] of annotationsOf(resource)) found.annotations.add(name);
        for (const script of scriptsOf(resource))
            if (script.kind === "program") found.programs.add(script.text);
            else digests.set(digestOf(script), `${resource.name}, ${script.where}: ${script.text}`);
    }

    const same = (listed: Iterable<string>, used: Iterable<string>) =>
        assert.deepEqual([...listed].sort(), [...used].sort());

    it("has the types of this program", () => same(types, found.types));
    it("has its annotations", () => same(annotations, found.annotations));
    it("has its programs in pods", () => same(programs, found.programs));

    it("has the digests of its scripts", () => {
        const missing = [...digests].filter(([digest]) => !scripts.has(digest));
        assert.deepEqual(
            missing.map(([digest, text]) => `- ${digest} # ${text.slice(0, 200)}`),
            [],
            "add these digests, after a review of the scripts",
        );
        same(scripts, digests.keys());
    });

    it("has each resource with a provider of this project", () => {
        const folder = join(ROOT, "components");
        const classes = readdirSync(folder, { recursive: true, encoding: "utf8" })
            .filter((name) => name.endsWith(".ts"))
            .flatMap((name) => [...readFileSync(join(folder, name), "utf8").matchAll(PROVIDED)]);
        assert.equal([...types].filter((type) => type.startsWith("pulumi-nodejs:")).length, classes.length);
    });
});
