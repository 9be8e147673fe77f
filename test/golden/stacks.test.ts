// Golden files of stacks: options intra-a and cloudflare whole, and of each other stack the differences from one of them.
// They prove the fields of objects; other tests prove their order and effects. Regenerate: npm run golden
import { strict as assert } from "node:assert";
import { structuredPatch } from "diff";
import { OWNER_ANNOTATION } from "../../components/kubernetes/ownership";
import { PHASES } from "../../components/opt/conversion-phases";
import { asked, inputsOf, type Seen } from "../kit";
import { recordCloudflare } from "../unit/kit/cloudflare";
import { exposedInterSettings, interSettings, recordInter } from "../unit/kit/inter";
import { CLASSES, recordStack } from "../unit/kit/intra-a";
import { intraBValues, RAMPART_OPT, recordIntraB } from "../unit/kit/intra-b";
import { assertReviewed, documentOf, formatted } from "./file";

/** In the order in which a request and its configuration reach them. Other kinds come first. */
const ORDER = [
    "Namespace",
    "RampartGraph",
    "Release",
    "NetworkPolicy",
    "Secret",
    "GatewayProxy",
    "IngressClass",
    "GatewayClass",
    "Gateway",
    "ApisixUpstream",
    "ApisixRoute",
    "Consumer",
];
/** Waits and generated keys are not objects to review. */
const HIDDEN = /Awaited|GatewayServes|pulumi:providers|random:|^alpa-auth:/;
/** Labels and annotations of every object. */
const COMMON = ["app.kubernetes.io/managed-by", OWNER_ANNOTATION, "pulumi.com/patchFieldManager"];
const HEADER = `# Objects of a stack, for review. Regenerate: npm run golden
# Labels and annotations that every object has are left out; a unit test checks them. (secret): never shown.
# *a1 repeats what &a1 marks. In a .diff file: --- deleted, +++ new or shown whole, @@@ changed.
`;
/** Objects that another one resembles: the differences from it are shown. */
const LIKE: Record<string, string> = { "alpa-conversion-verification-rules": "alpa-route-rules" };

/** Each stack is built once: it is slow. */
function once(work: () => Promise<Seen[]>): () => Promise<Map<string, string>> {
    let result: Promise<Map<string, string>> | undefined;
    return () => (result ??= work().then(pages));
}

/** The text of each object, by its name. */
function pages(seen: Seen[]): Map<string, string> {
    const rank = (r: Seen) => `${String(ORDER.indexOf(kindOf(r)) + 1).padStart(2, "0")} ${r.name}`;
    const shown = seen.filter((r) => r.custom && !HIDDEN.test(r.type));
    return new Map(shown.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).map((r) => [r.name, page(r)]));
}

const kindOf = (r: Seen): string => r.inputs.kind ?? r.type.split(":").pop();

function page(resource: Seen): string {
    // Leaves out the code, kubeconfig and time limit of dynamic resources, and the scripts of commands on hosts.
    const { metadata, __provider, kubeconfig: _k, timeoutSeconds: _t, connection, ...rest } = inputsOf(resource);
    const { labels, annotations, ...named } = metadata ?? {};
    const more = { ...own("labels", labels), ...own("annotations", annotations) };
    const on = connection === undefined ? {} : { on: connection.host };
    const object = { kind: kindOf(resource), ...on, ...(metadata ? { metadata: { ...named, ...more } } : {}), ...rest };
    const { deleteTimeout } = asked(resource);
    const waits = deleteTimeout === "" ? "" : `\n# deleted within ${deleteTimeout}`;
    return documentOf(`${resource.name}${waits}`, readable(object, new Map()));
}

/** Labels or annotations other than those that every object has. */
function own(field: string, values: Record<string, string> = {}): object {
    const entries = Object.entries(values).filter(([key]) => !COMMON.includes(key));
    return entries.length === 0 ? {} : { [field]: Object.fromEntries(entries) };
}

/** Puts identifying keys first. Equal large parts become the same object, so that YAML writes this object once. */
function readable(node: unknown, known: Map<string, unknown>): unknown {
    if (Array.isArray(node)) return node.map((item) => readable(item, known));
    if (typeof node !== "object" || node === null) return node;
    const text = JSON.stringify(node);
    if (known.has(text)) return known.get(text);
    const first = ["apiVersion", "kind", "metadata", "name", "namespace"].filter((key) => key in node);
    const rest = Object.keys(node).filter((key) => !first.includes(key));
    const map = Object.fromEntries([...first, ...rest].map((key) => [key, readable((node as any)[key], known)]));
    if (text.length > 120) known.set(text, map);
    return map;
}

/** Names of deleted objects, new objects, and of a changed one its changes, with a line around each, or all if that is shorter. */
function differences(title: string, before: Map<string, string>, after: Map<string, string>): string {
    const deleted = [...before.keys()].filter((name) => !after.has(name)).map((name) => `--- ${name}\n`);
    const others = [...after].map(([name, text]) => {
        const like = before.get(name) ?? before.get(LIKE[name]);
        if (like === text) return "";
        const whole = `+++ ${name}\n${signed("+", text.trimEnd().split("\n").slice(2))}`;
        if (like === undefined) return whole;
        const { hunks } = structuredPatch(name, name, like, text, "", "", { context: 1 });
        const changes = `@@@ ${name}\n${hunks.map(({ lines }) => signed("", lines)).join("@@\n")}`;
        return changes.length < whole.length ? changes : whole;
    });
    return [`# ${title}\n`, ...deleted, ...others].join("");
}
const signed = (sign: string, lines: string[]) => lines.map((line) => `${sign}${line}\n`).join("");

/** A stack with an OpenAI-compatible server, with every setting that shows in its route. */
const OPENAI = {
    alpa: undefined,
    openai: {
        endpoints: ["10.0.0.11:8000"],
        models: ["Qwen/Qwen3-32B", "team-lora"],
        serverKey: "s3cret-server-key",
        paths: ["chat/completions", "models"],
    },
    consumers: [
        {
            name: "lab",
            models: ["team-lora"],
            limits: { concurrent: 4, maxTokens: 4096, tokens: 2_000_000, perTokenSeconds: 86_400 },
            credentials: [{ id: "a", method: "key" }],
        },
        { name: "others", credentials: [{ id: "a", method: "key" }] },
    ],
};
const CLOUDFLARE = {
    zone: { name: "example.com", manage: "create", plan: "enterprise" },
    rateLimit: { requests: 60, perSeconds: 60 },
    proxyTimeoutSeconds: 600,
    notify: ["llm-operators@example.com"],
};

const bare = once(() => recordStack("rampart", { alpa: intraBValues().alpa }));
const phases = (opt: object) => PHASES.map((phase) => once(() => recordIntraB(phase, {}, opt)));
const kuberay = phases({});
const rampart = phases(RAMPART_OPT);
const intraA = once(() => recordStack("rampart"));
const intraHelm = once(() => recordStack("helm"));
const inter = once(() => recordInter(interSettings("rampart")));

type Stack = ReturnType<typeof once>;
/** Stacks that are shown whole. */
const WHOLE: Record<string, Stack> = { "intra-a": intraA, cloudflare: once(() => recordCloudflare(CLOUDFLARE)) };
/** Stacks of which the differences from another one are shown. */
const DIFFERENT: Record<string, [title: string, before: Stack, after: Stack][]> = {
    "intra-a-helm": [["installer helm, from intra-a", intraA, intraHelm]],
    "intra-a-existing": [["installer existing, from helm", intraHelm, once(() => recordStack("existing"))]],
    "intra-a-classes": [["classes of callers, from intra-a", intraA, once(() => recordStack("rampart", CLASSES))]],
    "intra-b": PHASES.map((phase, at) => [
        `${phase}, from ${PHASES[at - 1] ?? "intra-a"}`,
        kuberay[at - 1] ?? bare,
        kuberay[at],
    ]),
    "intra-b-rampart": [
        ["prepared with shape rampart, from kuberay", kuberay[0], rampart[0]],
        ["moved, from closed", rampart[1], rampart[2]],
    ],
    inter: [["option inter, from intra-a", intraA, inter]],
    "inter-tunnel": [["exposure tunnel, from inter", inter, once(() => recordInter(exposedInterSettings("rampart")))]],
    "inter-openai": [
        ["an OpenAI-compatible server, from inter", inter, once(() => recordInter(interSettings("rampart", OPENAI)))],
    ],
};

async function assertShown(file: string, text: string): Promise<void> {
    const rendered = HEADER + text;
    assert.doesNotMatch(rendered, /generated|s3cret|BEGIN|PRIVATE KEY/);
    assertReviewed(`expected/${file}`, file.endsWith(".diff") ? rendered : await formatted(file, rendered));
}

describe("golden stacks", () => {
    for (const [name, stack] of Object.entries(WHOLE))
        it(`${name} matches the reviewed file, and shows no secret`, async () => {
            const text = [...(await stack()).values()].join("");
            assert.match(text, /\(secret\)/);
            await assertShown(`${name}.yaml`, text);
        });
    for (const [name, parts] of Object.entries(DIFFERENT))
        it(`${name} matches the reviewed file, and shows no secret`, async () => {
            const texts = [];
            // One after the other, because there is only one fake engine.
            for (const [title, before, after] of parts) texts.push(differences(title, await before(), await after()));
            await assertShown(`${name}.diff`, texts.join(""));
        });
});
