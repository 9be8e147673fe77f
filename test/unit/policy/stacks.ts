/** Resources of every kind of stack, in the form that rules get. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseYaml } from "yaml";
import { PHASES } from "../../../components/opt/conversion-phases";
import { parse, type Settings } from "../../../config";
import { resourceOf, type Resource } from "../../../policy/resources/resource";
import { cloudflare } from "../../../stacks/cloudflare";
import { inter } from "../../../stacks/inter";
import { intra } from "../../../stacks/intra";
import { certificate } from "../../certificates";
import { asked, record, type Seen } from "../../kit";
import { CALLS, HOST, recordCloudflare, SSH, SSH_KEY, TODAY, TOKENS } from "../kit/cloudflare";
import { recordNodes, THREE } from "../kit/cluster-nodes";
import {
    exposedInterSettings,
    INTER_INSTALLERS,
    interSettings,
    interValues,
    parseInter,
    recordInter,
} from "../kit/inter";
import { RAMPART_OPT, recordIntraB } from "../kit/intra-b";
import { CLASSES, CONSUMERS, INSTALLERS, KUBECONFIG, recordExposed, recordStack } from "../kit/intra-a";

const ROOT = join(__dirname, "../../..");

/** A resource in the format that `resourceOf` converts for the rules. */
export type Given = Parameters<typeof resourceOf>[0] & { inputs: any };

/** The recorded resources with URNs of the engine. URNs of the fake engine name only one parent. */
export function givenOf(seen: Seen[]): Given[] {
    const registered = seen.filter(({ id }) => !id);
    const byKey = new Map(registered.map((r) => [`${r.type} ${r.name}`, r]));
    const typesOf = (resource: Seen): string => {
        const [, , type, name] = asked(resource).parent.split("::");
        const parent = byKey.get(`${type?.split("$").pop()} ${name}`);
        return parent && parent.type !== "pulumi:pulumi:Stack" ? `${typesOf(parent)}$${resource.type}` : resource.type;
    };
    return registered.map((r) => ({
        type: r.type,
        name: r.name,
        urn: `urn:pulumi:test::alpa-auth::${typesOf(r)}::${r.name}`,
        protect: asked(r).protect,
        id: `${r.name}-id`,
        inputs: r.inputs,
    }));
}

/**
 * A resource without its values: type, name, and the type of each input. Many stacks have resources that are equal in
 * this.
 */
export const shapeOf = ({ type, name, inputs }: Given): string =>
    `${type} ${name} ${JSON.stringify(inputs, (_, value) => (typeof value === "object" ? value : typeof value))}`;

/**
 * Returns a function that tells whether a path in a resource is new. The same path in another list entry or another stack is
 * not new: checking these too took a minute of CPU time, and found nothing more.
 */
export function placesOnce(): (given: Given, path: string) => boolean {
    const seen = new Set<string>();
    return ({ type, name }, path) => {
        const place = `${type} ${name} ${path.replace(/\.\d+(?=\.|$)/g, ".#")}`;
        return !seen.has(place) && seen.add(place) !== undefined;
    };
}

export const resourcesOf = (seen: Seen[]): Resource[] => givenOf(seen).map(resourceOf);

/** Settings of a shipped stack file, with the secrets that its header names. */
function shipped(option: string): Settings {
    const { config } = parseYaml(readFileSync(join(ROOT, `Pulumi.${option}.yaml`), "utf8")) as {
        config: Record<string, any>;
    };
    if (option === "cloudflare") config["alpa-auth:ssh"].privateKey = SSH_KEY;
    const raw = Object.entries(config).map(([key, value]) => [
        key.replace("alpa-auth:", ""),
        typeof value === "string" ? value : JSON.stringify(value),
    ]);
    return parse(Object.fromEntries(raw), () => true, TODAY);
}

function recordShipped(option: string): Promise<Seen[]> {
    const found = { ...TOKENS, "alpa-access-application": { aud: "f".repeat(64) } };
    const read = shipped(option);
    const build = () => {
        if (read.option === "intra-a") return intra(read);
        if (read.option === "inter") return inter(read);
        if (read.option === "cloudflare") return cloudflare(read);
        throw new Error(`no shipped stack of option ${read.option}`);
    };
    return record(build, found, CALLS);
}

const CI = { name: "ci", credentials: [{ id: "a", method: "jwt", algorithm: "HS256" }] };
const AZURE = { hostname: "llm.example.com", addresses: ["20.50.2.10"] };
const ISSUED = { azure: AZURE, tls: { issuer: "internal" } };
const OBSERVED = {
    accessLog: true,
    metrics: {
        scrapers: [
            { namespace: "monitoring", podLabels: { "app.kubernetes.io/name": "prometheus", app: "a" } },
            { namespace: "other", podLabels: { role: "scraper" } },
        ],
    },
};
const TOKEN_LIMITS = {
    alpa: undefined,
    openai: { endpoints: ["10.0.0.11:8000"], models: ["m1"], serverKey: "sk-0123456789abcdef" },
    limits: { concurrent: 2, maxTokens: 64, tokens: 1000, perTokenSeconds: 60 },
};
const RAMPART = { install: { repository: "https://charts.example.org", version: "1.2.3" } };
const FIREWALL = {
    alpa: { endpoints: ["10.0.0.11:20001"] },
    ssh: SSH,
    firewall: { hosts: [HOST], from: ["10.0.0.0/29"] },
};

async function withFiles(): Promise<Seen[]> {
    const files = await certificate(["llm.example.com"]);
    return recordStack("helm", { azure: AZURE, tls: files, consumers: [...CONSUMERS, CI] });
}

const each = <T extends string>(list: T[], title: (one: T) => string, run: (one: T) => Promise<Seen[]>) =>
    Object.fromEntries(list.map((one) => [title(one), () => run(one)]));

/** Every option with each installer and exposure, and the shipped stack files. */
export const STACKS: Record<string, () => Promise<Seen[]>> = {
    ...each(["intra", "inter", "openai", "cloudflare"], (name) => `Pulumi.${name}.yaml`, recordShipped),
    ...each(INSTALLERS, (by) => `intra-a, ${by}`, recordStack),
    ...each(INSTALLERS, (by) => `intra-a, ${by}, behind Cloudflare`, recordExposed),
    ...each(
        INTER_INSTALLERS,
        (by) => `inter, ${by}`,
        (by) => recordInter(interSettings(by)),
    ),
    ...each(
        INTER_INSTALLERS,
        (by) => `inter, ${by}, behind Cloudflare`,
        (by) => recordInter(exposedInterSettings(by)),
    ),
    ...each(
        [...PHASES],
        (phase) => `intra-b at ${phase}`,
        (phase) => recordIntraB(phase),
    ),
    "inter with rules on Alpa's hosts": () =>
        recordInter(parseInter(interValues(FIREWALL, { installer: "helm", crds: ["c.yaml"] }))),
    "intra-b with a closed gateway": () => recordIntraB("open", { gateway: { closed: "new version of the model" } }),
    "intra-b with a watchdog": () => recordIntraB("open", {}, { watchdog: true }),
    "intra-a with a certificate from files, and tokens": withFiles,
    "intra-a with a certificate from cert-manager": () => recordStack("rampart", ISSUED),
    "intra-a with CRDs from the network": () => recordStack("helm", { gateway: { installer: "helm" } }),
    "intra-a that installs Rampart": () => recordStack("rampart", { rampart: RAMPART }),
    "intra-a with metrics and an access log": () => recordStack("rampart", { observability: OBSERVED }),
    ...each(
        ["annotations", "a PodMonitor"],
        (by) => `intra-a behind Cloudflare with metrics by ${by}`,
        (by) =>
            recordExposed("existing", {
                observability: { metrics: { ...OBSERVED.metrics, podMonitor: by === "a PodMonitor" } },
            }),
    ),
    "intra-a with limits in tokens": () => recordStack("helm", { ...TOKEN_LIMITS, observability: OBSERVED }),
    "intra-a with an access log": () => recordStack("helm", { observability: { accessLog: true } }),
    "intra-b with metrics and an access log": () => recordIntraB("moved", { observability: OBSERVED }),
    "inter with metrics": () =>
        recordInter(parseInter(interValues({ observability: { metrics: {} } }, { installer: "helm" }))),
    "intra-a with a kubeconfig": () => recordStack("rampart", { cluster: { kubeconfig: KUBECONFIG } }),
    "intra-a with classes of callers": () => recordStack("rampart", CLASSES),
    "intra-a on nodes of its own": () => recordNodes({ nodes: THREE }),
    ...each(
        ["prepared", "moved"],
        (phase) => `intra-b of shape rampart, ${phase}`,
        (phase) => recordIntraB(phase, {}, RAMPART_OPT),
    ),
    cloudflare: () => recordCloudflare(),
    "cloudflare with a zone of its own": () =>
        recordCloudflare({ zone: { name: "example.com", plan: "free", manage: "create" } }),
};
