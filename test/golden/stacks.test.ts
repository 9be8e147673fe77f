// Golden files of the stacks, for review: option intra-a with installer rampart, and what differs from it in each other
// stack. Regenerate: npm run golden
import { strict as assert } from "node:assert";
import { PHASES, type Phase } from "../../components/opt/conversion-phases";
import type { Seen } from "../kit";
import { recordCloudflare } from "../unit/kit/cloudflare";
import { exposedInterSettings, interSettings, recordInter } from "../unit/kit/inter";
import { CLASSES, recordExposed, recordStack } from "../unit/kit/intra-a";
import { intraBValues, RAMPART_OPT, recordIntraB } from "../unit/kit/intra-b";
import { assertReviewed, formatted } from "./file";
import { difference, shown, type Shown } from "./objects";

const HEADER = `, for review. Regenerate: npm run golden
# Labels and annotations that every object has are left out; a unit test checks them. (secret): never shown.
`;

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

interface Golden {
    seen: () => Promise<Seen[]>;
    /** Stacks whose resources are not shown again. The differences are from the first that has the resource. */
    from: string[];
}

const STACKS: Record<string, Golden> = {
    "intra-a-rampart": { seen: () => recordStack("rampart"), from: [] },
    "intra-a-helm": { seen: () => recordStack("helm"), from: ["intra-a-rampart"] },
    "intra-a-existing": { seen: () => recordStack("existing"), from: ["intra-a-rampart"] },
    "intra-a-classes": { seen: () => recordStack("rampart", CLASSES), from: ["intra-a-rampart"] },
    "intra-a-tunnel": { seen: () => recordExposed("helm"), from: ["intra-a-helm"] },
    "inter-helm": { seen: () => recordInter(interSettings("helm")), from: ["intra-a-helm"] },
    "inter-rampart": { seen: () => recordInter(interSettings("rampart")), from: ["intra-a-rampart", "inter-helm"] },
    "inter-tunnel": { seen: () => recordInter(exposedInterSettings("helm")), from: ["inter-helm", "intra-a-tunnel"] },
    "inter-openai": { seen: () => recordInter(interSettings("helm", OPENAI)), from: ["inter-helm"] },
    cloudflare: { seen: () => recordCloudflare(CLOUDFLARE), from: [] },
};

const recorded = new Map<string, Promise<Shown>>();

/** Each stack is recorded once. Not at the same time, because there is only one fake engine. */
function stack(name: string): Promise<Shown> {
    if (!recorded.has(name))
        recorded.set(
            name,
            STACKS[name].seen().then((seen) => shown(seen)),
        );
    return recorded.get(name)!;
}

async function assertGolden(name: string, text: string): Promise<void> {
    assert.doesNotMatch(text, /generated|s3cret|PRIVATE KEY/);
    assertReviewed(`expected/${name}.yaml`, await formatted(`expected/${name}.yaml`, text));
}

describe("golden stack", () => {
    for (const [name, { from }] of Object.entries(STACKS))
        it(`${name} matches the reviewed file, and shows no secret`, async () => {
            const before: Shown[] = [];
            for (const one of from) before.push(await stack(one));
            const what = from.length === 0 ? "Resources" : `Differences from ${from.join(" and ")}, of the resources`;
            await assertGolden(name, `# ${what} of stack ${name}${HEADER}${difference(await stack(name), before)}`);
        });
});

/** The new resources of a conversion that nearly equal others. */
const LIKE = { "ApisixRoute alpa-conversion-verification-rules": "ApisixRoute alpa-route-rules" };

async function phases(opt: object): Promise<Map<Phase, Shown>> {
    const found = new Map<Phase, Shown>();
    for (const phase of PHASES) found.set(phase, shown(await recordIntraB(phase, {}, opt), true));
    return found;
}

describe("golden conversion", () => {
    it("matches the reviewed file, and shows no secret: each phase, and what differs with shape rampart", async () => {
        let before = shown(await recordStack("rampart", { alpa: intraBValues().alpa }), true);
        const kuberay = await phases({});
        const parts = [`# Differences between option intra-a and each phase of option intra-b${HEADER}`];
        for (const [phase, after] of kuberay) {
            parts.push(`# ===== ${phase} =====\n`, difference(after, [before], LIKE));
            before = after;
        }
        before = kuberay.get("prepared")!;
        for (const [phase, after] of await phases(RAMPART_OPT)) {
            const text = difference(after, [before, kuberay.get(phase)!]);
            parts.push(`# ===== ${phase}, shape rampart: what is not the same with shape kuberay =====\n`, text);
            before = after;
        }
        await assertGolden("intra-b", parts.join(""));
    });
});
